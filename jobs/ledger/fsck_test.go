package ledger_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

// healthy makes a ledger and a sink that agree.
func healthy(t *testing.T, dsn string) (*ledger.DB, folder) {
	t.Helper()
	db, ctx := open(t, dsn), t.Context()
	out := folder(t.TempDir())
	must(t, (&player{DB: db, shelf: out}).play(ctx, "one"))
	must(t, (&player{DB: db, shelf: out}).play(ctx, "two"))
	return db, out
}

func findings(t *testing.T, db *ledger.DB, o ledger.FsckOptions) []string {
	t.Helper()
	var codes []string
	for f, err := range db.Fsck(t.Context(), o) {
		must(t, err)
		t.Log(f.Code, f)
		if f.Subject == "" || f.Message == "" {
			t.Errorf("%s says nothing: %+v", f.Code, f)
		}
		codes = append(codes, f.Code)
	}
	return codes
}

func TestFsckHealthy(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, out := healthy(t, dsn)
		var sum ledger.FsckSummary
		if got := findings(t, db, ledger.FsckOptions{Sink: sink, Shelf: out, Verify: verify, Summary: &sum}); len(got) != 0 {
			t.Errorf("found %q in a healthy ledger", got)
		}
		want := ledger.FsckSummary{Runs: 2, Rows: 39 + 19, Passes: 38, Artefacts: 38, Files: 38 + 3, Bundles: 3}
		if sum != want {
			t.Errorf("summary %+v, want %+v", sum, want)
		}
		for range db.Fsck(t.Context(), ledger.FsckOptions{Sink: sink, Shelf: folder(t.TempDir())}) {
			break // must not hold anything
		}
	})
}

// TestFsckDamages damages a healthy ledger or sink in one way at a time.
func TestFsckDamages(t *testing.T) {
	const aPass = `(SELECT MIN(id) FROM passes)`
	for _, c := range []struct {
		code string
		sql  string // done behind the ledger's back
		do   func(folder) error
	}{
		{code: "missing-file", do: func(f folder) error { return os.Remove(f.path("S00003.pkpass")) }},
		{code: "damaged-file", do: func(f folder) error { return flip(f.path("S00003.pkpass")) }},
		{code: "damaged-file", do: func(f folder) error { return os.Truncate(f.path("S00003.pkpass"), 5) }},
		{code: "damaged-file", do: func(f folder) error { return os.Rename(f.path("S00004.pkpass"), f.path("S00003.pkpass")) }},
		{code: "unreadable-file", do: func(f folder) error {
			return firstError(os.Remove(f.path("S00003.pkpass")), os.Mkdir(f.path("S00003.pkpass"), 0o700))
		}},
		{code: "stray-file", do: func(f folder) error { return os.WriteFile(f.path("S00003.pkpass.tmp"), nil, 0o600) }},
		{code: "missing-bundle", do: func(f folder) error { return os.Remove(f.path("b1.zip")) }},
		{code: "pass-without-artefact", sql: `DELETE FROM artefacts WHERE pass_id = ` + aPass},
		{code: "damaged-file", sql: `UPDATE artefacts SET size = size + 1 WHERE pass_id = ` + aPass},
		{code: "damaged-file", sql: `UPDATE artefacts SET manifest_hash = (SELECT manifest_hash FROM artefacts WHERE pass_id = ` + aPass + ` + 1) WHERE pass_id = ` + aPass},
		{code: "overwritten", sql: `UPDATE artefacts SET name = NULL WHERE pass_id = ` + aPass},
		{code: "newer-artefact", sql: `UPDATE artefacts SET change_number = 1000000 WHERE pass_id = ` + aPass},
		{code: "in-doubt", sql: `UPDATE artefacts SET change_number = 0 WHERE pass_id = ` + aPass},
		{code: "older-file", sql: `UPDATE artefacts SET change_number = 1 WHERE pass_id = ` + aPass + ` + 1`},
		{code: "missing-file", sql: `UPDATE artefacts SET name = 'elsewhere' WHERE pass_id = ` + aPass},
		{code: "row-without-pass", sql: `DELETE FROM passes WHERE id = ` + aPass},
		{code: "pass-without-row", sql: `DELETE FROM rows WHERE id = (SELECT row_id FROM passes WHERE id = ` + aPass + `)`},
		{code: "row-not-made", sql: `UPDATE rows SET pass_id = pass_id + 1 WHERE id = (SELECT row_id FROM passes WHERE id = ` + aPass + `)`},
		{code: "row-not-made", sql: `UPDATE rows SET state = 'waiting', pass_id = NULL WHERE id = (SELECT row_id FROM passes WHERE id = ` + aPass + `)`},
		{code: "wrong-row", sql: `UPDATE passes SET fingerprint = (SELECT fingerprint FROM passes WHERE id = ` + aPass + ` + 1) WHERE id = ` + aPass},
		{code: "wrong-row", sql: `UPDATE passes SET serial = 'other' WHERE id = ` + aPass},
		{code: "wrong-former-row", sql: `UPDATE passes SET former_row = (SELECT MIN(row_id) FROM passes WHERE id > ` + aPass + `) WHERE id = ` + aPass},
		{code: "standing", sql: `UPDATE passes SET standing = 'voided' WHERE id = ` + aPass},
		{code: "standing", sql: `UPDATE passes SET standing = 'expired', standing_cause = 'person' WHERE id = ` + aPass},
		{code: "standing", sql: `UPDATE passes SET standing = 'voided', standing_cause = 'missing' WHERE id = ` + aPass},
		{code: "older-file", sql: `INSERT INTO stale (sink, pass_id) SELECT 'dir:out', ` + aPass + ` + 1 WHERE (SELECT COUNT(*) FROM stale) = 0; UPDATE artefacts SET change_number = 1, size = 1 WHERE pass_id = ` + aPass + ` + 1`},
		{code: "pass-without-template", sql: `DELETE FROM templates`},
		{code: "counts", sql: `UPDATE runs SET made = made + 1 WHERE id = (SELECT MAX(id) FROM runs)`},
		{code: "counts", sql: `UPDATE runs SET total = total - 1 WHERE id = (SELECT MAX(id) FROM runs)`},
		{code: "counts", sql: `UPDATE batches SET refused = refused + 1 WHERE number = 1`},
		{code: "counts", sql: `DELETE FROM rows WHERE state = 'failed'`},
		{code: "counts", sql: `DELETE FROM batches WHERE number = 1`},
		{code: "damaged-batch", sql: `UPDATE batches SET seen = seen || seen WHERE unchanged > 0`},
		{code: "damaged-batch", sql: `UPDATE batches SET unchanged = unchanged + 1 WHERE unchanged > 0`},
		{code: "change-counter", sql: `UPDATE change_counter SET value = 3`},
		{code: "name-claimed-twice", sql: `UPDATE bundle_parts SET name = (SELECT name FROM artefacts WHERE pass_id = ` + aPass + `) WHERE name = 'b1.zip'`},
		{code: "interrupted-run", sql: `UPDATE runs SET state = 'pressing', finished = NULL WHERE id = (SELECT MAX(id) FROM runs)`},
		{code: "untidy-run", sql: `UPDATE runs SET finished = NULL WHERE id = (SELECT MAX(id) FROM runs)`},
		{code: "dirty-bundles", sql: `UPDATE bundles SET state = 'dirty' WHERE key = 'b1'`},
		{code: "leftovers", sql: `INSERT INTO leftovers (sink, name) VALUES ('dir:out', 'old')`},
	} {
		t.Run(c.code+" "+strings.TrimSpace(c.sql), func(t *testing.T) {
			both(t, func(t *testing.T, dsn string) {
				db, out := healthy(t, dsn)
				if c.do != nil {
					must(t, c.do(out))
				}
				if c.sql != "" {
					behind(t, dsn, c.sql)
				}
				got := findings(t, db, ledger.FsckOptions{Sink: sink, Shelf: out, Verify: verify})
				if !slices.Contains(got, c.code) {
					t.Errorf("found %q, want %s", got, c.code)
				}
			})
		})
	}
}

// behind executes a statement without regard to foreign keys.
func behind(t *testing.T, dsn, statement string) {
	t.Helper()
	db := raw(t, dsn)
	off := `PRAGMA foreign_keys = OFF`
	if isPostgres(dsn) {
		off = `SET session_replication_role = replica`
	}
	for _, s := range []string{off, statement} {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// flip changes one bit in the middle of a file.
func flip(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data[len(data)/2] ^= 1
	return os.WriteFile(path, data, 0o600)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestFsckDamagedFileOfDatabase(t *testing.T) {
	path := t.TempDir() + "/passmill.db"
	db, out := healthy(t, path)
	must(t, db.Close())
	data, err := os.ReadFile(path)
	must(t, err)
	data = bytes.ReplaceAll(data, []byte("S00030"), []byte("S99999")) // out of order in every index
	must(t, os.WriteFile(path, data, 0o600))
	if got := findings(t, open(t, path), ledger.FsckOptions{Sink: sink, Shelf: out, Verify: verify}); len(got) == 0 {
		t.Error("found nothing in a file with other bytes in it")
	}
}

// TestFsckWhileRunning checks that a run that is worked on is told from one that
// was interrupted.
func TestFsckWhileRunning(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		unlock, err := db.LockJob(t.Context(), "members")
		must(t, err)
		defer unlock()
		_, err = db.Begin(t.Context(), jobs.RunKey{Job: "members"}, now)
		must(t, err)
		if got := findings(t, db, ledger.FsckOptions{}); !slices.Equal(got, []string{"run-going-on"}) {
			t.Errorf("found %q", got)
		}
	})
}
