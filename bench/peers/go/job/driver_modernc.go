//go:build modernc

package main

import (
	"database/sql"

	_ "modernc.org/sqlite"
)

func open(file string) (*sql.DB, error) {
	return sql.Open("sqlite",
		"file:"+file+"?_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_txlock=immediate")
}
