// Upsert into SQLite: the columns of the scraper, one transaction, prepared statements. IO.
package main

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"time"
)

const schema = `
CREATE TABLE IF NOT EXISTS sms_events (
    source TEXT NOT NULL, uid TEXT NOT NULL, content_hash TEXT NOT NULL, start_on TEXT NOT NULL, end_on TEXT NOT NULL,
    start_at TEXT NOT NULL, document TEXT NOT NULL, first_seen TEXT NOT NULL, last_seen TEXT NOT NULL,
    present INTEGER NOT NULL DEFAULT 1, PRIMARY KEY (source, uid)
);
CREATE INDEX IF NOT EXISTS sms_events_present ON sms_events (source) WHERE present;
CREATE INDEX IF NOT EXISTS sms_events_start ON sms_events (source, start_on);
CREATE INDEX IF NOT EXISTS sms_events_end ON sms_events (source, end_on);
CREATE TABLE IF NOT EXISTS sms_runs (
    source TEXT NOT NULL, run TEXT NOT NULL, started_at TEXT NOT NULL, finished_at TEXT NOT NULL,
    outcome TEXT NOT NULL, processed INTEGER NOT NULL, PRIMARY KEY (source, run)
);`

const upsert = `
INSERT INTO sms_events (source, uid, content_hash, start_on, end_on, start_at, document, first_seen, last_seen)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (source, uid) DO UPDATE SET content_hash = excluded.content_hash, start_on = excluded.start_on,
    end_on = excluded.end_on, start_at = excluded.start_at, document = excluded.document,
    last_seen = excluded.last_seen, present = 1
WHERE content_hash <> excluded.content_hash OR NOT present`

type counts struct{ runs, events, stored int64 }

func save(file, source string, started time.Time, events []event) (counts, error) {
	store, err := open(file)
	if err != nil {
		return counts{}, err
	}
	defer store.Close()
	store.SetMaxOpenConns(1)
	if _, err := store.Exec(schema); err != nil {
		return counts{}, err
	}
	write, err := store.Begin()
	if err != nil {
		return counts{}, err
	}
	defer write.Rollback()
	result, err := insert(write, source, started, events)
	if err != nil {
		return counts{}, err
	}
	return result, write.Commit()
}

func insert(write *sql.Tx, source string, started time.Time, events []event) (counts, error) {
	statement, err := write.Prepare(upsert)
	if err != nil {
		return counts{}, err
	}
	defer statement.Close()
	result := counts{events: int64(len(events))}
	now := timestamp(time.Now())
	for i := range events {
		document, err := json.Marshal(&events[i])
		if err != nil {
			return counts{}, err
		}
		uid := sha256.Sum256([]byte(source + "\x00" + events[i].ID))
		content := sha256.Sum256(document)
		changed, err := statement.Exec(source, hex.EncodeToString(uid[:16]), hex.EncodeToString(content[:]),
			events[i].startOn, events[i].endOn, events[i].startAt, string(document), now, now)
		if err != nil {
			return counts{}, err
		}
		rows, _ := changed.RowsAffected()
		result.stored += rows
	}
	_, err = write.Exec("INSERT INTO sms_runs VALUES (?, ?, ?, ?, 'Succeeded', ?)", source,
		started.UTC().Format(time.RFC3339Nano), timestamp(started), now, len(events))
	if err != nil {
		return counts{}, err
	}
	err = write.QueryRow("SELECT count(*) FROM sms_runs WHERE source = ?", source).Scan(&result.runs)
	return result, err
}

func timestamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
