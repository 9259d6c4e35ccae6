package ledger

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// backup copies the SQLite file to one beside it that is named after the
// migration that is to come. A copy that a killed process left behind is
// overwritten: the migration it was made for hasn't happened.
func (d *DB) backup(ctx context.Context, before int64) error {
	name := fmt.Sprintf("%s.before-%d.bak", d.path, before)
	half := name + ".tmp"
	if err := os.RemoveAll(half); err != nil {
		return fmt.Errorf("copy the ledger: %w", err)
	}
	const copyInto = `VACUUM INTO ?`
	if _, err := d.solo.db.ExecContext(ctx, copyInto, half); err != nil {
		os.Remove(half)
		return fmt.Errorf("copy the ledger to %s: %w", name, err)
	}
	if err := settle(half, name); err != nil {
		return fmt.Errorf("copy the ledger to %s: %w", name, err)
	}
	d.log.InfoContext(ctx, "ledger copied", "to", name)
	return nil
}

// settle makes the file half durable under its name, for its owner alone.
func settle(half, name string) error {
	file, err := os.OpenFile(half, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := file.Chmod(0o600); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil { // Windows renames closed files only
		return err
	}
	if err := os.Rename(half, name); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(name))
}
