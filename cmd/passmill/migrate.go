package main

import (
	"context"
	"fmt"

	"passmill/jobs/ledger"
)

type migrateCommand struct{}

// Help is the end of the command's -h.
func (migrateCommand) Help() string {
	return "An SQLite ledger is copied first and migrated by itself when it is opened; a PostgreSQL ledger only by this command. Exit status: 0 done, 1 not done."
}

// Run migrates the ledger of the workspace.
func (migrateCommand) Run(ctx context.Context, std streams, all *commands) error {
	w, err := findWorkspace(".", all.Database)
	if err != nil {
		return err
	}
	if !w.hasLedger() {
		return w.missingLedger()
	}
	from, to, err := ledger.Migrate(ctx, w.database)
	if err != nil {
		return err
	}
	if from == to {
		fmt.Fprintf(std.out, "the ledger is at version %d already\n", to)
		return nil
	}
	fmt.Fprintf(std.out, "the ledger went from version %d to %d\n", from, to)
	return nil
}
