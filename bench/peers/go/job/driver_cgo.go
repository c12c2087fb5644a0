//go:build !modernc

package main

import (
	"database/sql"

	_ "github.com/mattn/go-sqlite3"
)

func open(file string) (*sql.DB, error) {
	return sql.Open("sqlite3", "file:"+file+"?_journal_mode=WAL&_synchronous=NORMAL&_txlock=immediate")
}
