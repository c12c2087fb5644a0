// The floor of the store step: rows that are made already, appended to the same tables, in one transaction, by one
// prepared statement. IO.
//
// append SOURCE TARGET PRAGMAS: takes the tables and the rows of SOURCE into memory, makes the tables in TARGET, and
// prints the seconds of the transaction, wall and processor, checkpoints that it triggers included.

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COLUMNS 13

struct value { int type; int length; sqlite3_int64 number; char *text; };

static void check(sqlite3 *db, int code) {
    if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW) {
        fprintf(stderr, "append: %s\n", sqlite3_errmsg(db));
        exit(1);
    }
}

static sqlite3 *opened(const char *path) {
    sqlite3 *db;
    // One thread has it: no mutexes.
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK) {
        fprintf(stderr, "append: %s cannot be opened\n", path);
        exit(1);
    }
    return db;
}

static void run(sqlite3 *db, const char *sql) { check(db, sqlite3_exec(db, sql, NULL, NULL, NULL)); }

static sqlite3_stmt *prepared(sqlite3 *db, const char *sql) {
    sqlite3_stmt *statement;
    check(db, sqlite3_prepare_v2(db, sql, -1, &statement, NULL));
    return statement;
}

static double now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void copy_schema(sqlite3 *source, sqlite3 *target) {
    sqlite3_stmt *tables = prepared(source,
        "SELECT sql FROM sqlite_master WHERE tbl_name = 'sms_events' AND sql IS NOT NULL AND type IN ('table', 'index')"
        " ORDER BY type = 'index'");
    while (sqlite3_step(tables) == SQLITE_ROW) run(target, (const char *)sqlite3_column_text(tables, 0));
    sqlite3_finalize(tables);
}

static struct value *read_rows(sqlite3 *source, size_t *count) {
    size_t room = 1024;
    struct value *values = malloc(room * COLUMNS * sizeof *values);
    sqlite3_stmt *rows = prepared(source, "SELECT * FROM sms_events ORDER BY rowid");
    if (sqlite3_column_count(rows) != COLUMNS) {
        fprintf(stderr, "append: the table has %d columns\n", sqlite3_column_count(rows));
        exit(1);
    }
    for (*count = 0; sqlite3_step(rows) == SQLITE_ROW; ++*count) {
        if (*count == room) values = realloc(values, (room *= 2) * COLUMNS * sizeof *values);
        for (int at = 0; at < COLUMNS; at++) {
            struct value *value = &values[*count * COLUMNS + (size_t)at];
            value->type = sqlite3_column_type(rows, at);
            value->number = sqlite3_column_int64(rows, at);
            if (value->type == SQLITE_TEXT) {
                value->length = sqlite3_column_bytes(rows, at);
                value->text = malloc((size_t)value->length + 1);
                memcpy(value->text, sqlite3_column_text(rows, at), (size_t)value->length);
            }
        }
    }
    sqlite3_finalize(rows);
    return values;
}

int main(int count, char **arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: append SOURCE TARGET PRAGMAS\n");
        return 2;
    }
    sqlite3 *source = opened(arguments[1]), *target = opened(arguments[2]);
    run(target, arguments[3]);
    copy_schema(source, target);
    size_t rows;
    struct value *values = read_rows(source, &rows);
    sqlite3_close(source);
    double started = now(CLOCK_MONOTONIC), spent = now(CLOCK_PROCESS_CPUTIME_ID);
    run(target, "BEGIN IMMEDIATE");
    sqlite3_stmt *insert = prepared(target, "INSERT INTO sms_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (size_t row = 0; row < rows; row++) {
        for (int at = 0; at < COLUMNS; at++) {
            struct value *value = &values[row * COLUMNS + (size_t)at];
            if (value->type == SQLITE_TEXT)
                check(target, sqlite3_bind_text(insert, at + 1, value->text, value->length, SQLITE_STATIC));
            else if (value->type == SQLITE_INTEGER)
                check(target, sqlite3_bind_int64(insert, at + 1, value->number));
            else
                check(target, sqlite3_bind_null(insert, at + 1));
        }
        check(target, sqlite3_step(insert));
        check(target, sqlite3_reset(insert));
    }
    sqlite3_finalize(insert);
    run(target, "COMMIT");
    printf("{\"wall\": %.6f, \"processor\": %.6f}\n", now(CLOCK_MONOTONIC) - started,
           now(CLOCK_PROCESS_CPUTIME_ID) - spent);
    sqlite3_close(target);
    return 0;
}
