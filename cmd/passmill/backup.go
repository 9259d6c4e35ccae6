package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"passmill/jobs/ledger"
)

type backupCommand struct {
	File  string `arg:"" help:"Where to write the backup."`
	Force bool   `help:"Replace a file that is there."`
}

// Help is the end of the command's -h.
func (backupCommand) Help() string {
	return "Copies the whole ledger, as it is at one moment, while runs go on. The copy is checked before it gets its name. The key-encryption key is not in it: without that key the private keys in the copy can't be opened, so keep a copy of it too, and elsewhere. A ledger in PostgreSQL needs pg_dump and pg_restore on this machine. Exit status: 0 done, 1 not done."
}

// Run backs the ledger up.
func (c *backupCommand) Run(ctx context.Context, std streams, all *commands) error {
	space, err := findWorkspace(".", all.Database)
	if err != nil {
		return err
	}
	if !space.hasLedger() {
		return space.missingLedger()
	}
	info, err := ledger.Backup(ctx, space.database, c.File, ledger.BackupOptions{Forbidden: space.keyTexts(), Replace: c.Force})
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w; name another file, or say --force to replace it", err)
	case errors.Is(err, ledger.ErrKeyInBackup):
		return fmt.Errorf("%w: find where it lies in the ledger (a row, a template, a comment), remove it, and run: passmill key rotate", err)
	case err != nil:
		return explain(err)
	}
	fmt.Fprintf(std.out, "the ledger is in %s: %s bytes, version %d of its tables, checked\n", c.File, thousands(int(info.Size)), info.Version)
	if info.Keys > 0 {
		fmt.Fprintf(std.out, "%s in it: sealed, and the key that opens them is not in the file (looked for); keep a copy of %s elsewhere\n", count(info.Keys, "private key"), space.keyPlace())
	}
	return nil
}

// keyTexts are the forms of the key-encryption key that must not be in a backup: as
// it lies in its file, and without the frame around it.
func (w workspace) keyTexts() (texts [][]byte) {
	text := os.Getenv(keyVariable)
	if text == "" {
		data, err := os.ReadFile(w.keyFile())
		if err != nil {
			return nil // there is none here, and so none to be found
		}
		text = string(data)
	}
	text = strings.TrimSpace(text)
	texts = append(texts, []byte(text))
	for part := range strings.SplitSeq(text, ".") {
		if len(part) > 20 { // the keys themselves
			texts = append(texts, []byte(part))
		}
	}
	return texts
}

// keyPlace says where the key-encryption key is.
func (w workspace) keyPlace() string {
	if os.Getenv(keyVariable) != "" {
		return "what " + keyVariable + " holds"
	}
	return w.keyFile()
}

type restoreCommand struct {
	File  string `arg:"" help:"A backup."`
	Force bool   `help:"Replace the ledger that is there; a file is put aside, tables in PostgreSQL are dropped."`
}

// Help is the end of the command's -h.
func (restoreCommand) Help() string {
	return "Makes the ledger of this workspace, or of --database, of a backup. The backup is checked first. Stop whatever uses the ledger before. Afterwards run fsck and make for each job: what the backup doesn't know and lies in the output folder whole is taken over. Exit status: 0 done, 1 not done."
}

// Run restores the ledger.
func (c *restoreCommand) Run(ctx context.Context, std streams, all *commands) error {
	space, err := findWorkspace(".", all.Database)
	if err != nil {
		return err
	}
	info, err := ledger.Restore(ctx, space.database, c.File, ledger.RestoreOptions{Replace: c.Force})
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w; say --force to replace the ledger that is there", err)
	}
	if err != nil {
		return explain(err)
	}
	fmt.Fprintf(std.out, "restored %s to %s: version %d of its tables\n", c.File, space.name(), info.Version)
	if info.Aside != "" {
		fmt.Fprintf(std.out, "the ledger that was there is in %s\n", info.Aside)
	}
	if info.Keys > 0 && !space.hasKey() {
		fmt.Fprintf(std.out, "%s in it can't be opened yet: bring the key-encryption key back to %s\n", count(info.Keys, "private key"), space.keyPlace())
	}
	return eraseAgain(ctx, std, space)
}
