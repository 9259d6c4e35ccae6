package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/fault"
	"passmill/jobs/ledger"
	"passmill/jobs/ledger/pgtest"
	"passmill/sign"
)

// childScript plays the life of a job with every operation of the ledger in it,
// in such a way that it can be ended anywhere and played again.
func childScript(args []string) error {
	ctx := context.Background()
	clock := now
	db, err := ledger.Open(ctx, args[0], ledger.Options{Now: func() time.Time { return clock }})
	if err != nil {
		return err
	}
	defer db.Close()
	if err := prepare(ctx, db); err != nil {
		return err
	}
	unlock, err := db.LockJob(ctx, "members")
	if err != nil {
		return err
	}
	defer unlock()
	if err := db.SaveJob(ctx, ledger.Job{Name: "members", Definition: []byte("name: members\n"), Dir: ".", File: "members.yaml", Template: version}); err != nil {
		return err
	}
	p := &player{DB: db, shelf: folder(args[1])}
	if err := p.abandoned(ctx); err != nil {
		return err
	}
	for _, text := range []string{"one", "two"} {
		if err := p.play(ctx, text); err != nil {
			return err
		}
	}
	if _, err := db.RemoveJob(ctx, "members"); !errors.Is(err, jobs.ErrNotFound) {
		return err
	}
	return nil
}

type player struct {
	*ledger.DB
	shelf folder
}

// abandoned leaves an import halfway, and then passes in the sink that it doesn't
// record, for the next run to supersede.
func (p *player) abandoned(ctx context.Context) error {
	newest, err := p.Runs(ctx, "members", 1)
	if err != nil || len(newest) > 0 && newest[0].State != jobs.RunImporting || len(newest) > 0 && newest[0].Key != key("abandoned") {
		return err
	}
	var run jobs.Run
	list := append(rows(1, 9, "abandoned"), row(99, "nobody else's", "abandoned"))
	for range 2 {
		if run, err = p.Begin(ctx, key("abandoned"), now); err != nil {
			return err
		}
		if err := p.Stage(ctx, run.ID, jobs.Batch{Number: 1, Staged: list}); err != nil {
			return err
		}
	}
	if _, err := p.Imported(ctx, run.ID); err != nil {
		return err
	}
	for _, s := range list {
		if err := p.shelf.Put(ctx, jobs.Passes(jobs.Pass{Name: s.Name, Data: content(s)})); err != nil {
			return err
		}
	}
	return nil
}

// source returns the rows of a text. In the second, some are the same, some have
// changed, and some go to other names and bundles.
func source(text string) []jobs.Staged {
	list := rows(1, 41, "same")
	for i := range list {
		list[i].Bundle = fmt.Sprint("b", i%3)
		if text == "two" && i >= 20 {
			list[i] = row(list[i].Row, list[i].Serial, text)
			list[i].Name, list[i].Bundle = "moved/"+list[i].Serial, fmt.Sprint("b", i%2)
		}
	}
	return list
}

func (p *player) play(ctx context.Context, text string) error {
	list, err := p.Runs(ctx, "members", 10)
	if err != nil || slices.ContainsFunc(list, func(r jobs.Run) bool { return r.Key == key(text) && r.State == jobs.RunDone }) {
		return err
	}
	run, err := p.Begin(ctx, key(text), now)
	if err != nil {
		return err
	}
	if run.State == jobs.RunImporting {
		if err := p.import_(ctx, run.ID, source(text)); err != nil {
			return err
		}
	}
	if err := p.press(ctx, run.ID); err != nil {
		return err
	}
	if err := p.tidy(ctx); err != nil {
		return err
	}
	event := sign.Event{ID: fmt.Sprint(text, run.ID), At: now, Action: sign.ActionSignEnd, Certificate: "c1", Run: run.ID, Job: "members"}
	if err := p.AddEvent(ctx, event); err != nil {
		return err
	}
	_, err = p.Finish(ctx, run.ID, jobs.RunDone, now)
	return err
}

func (p *player) import_(ctx context.Context, run int64, list []jobs.Staged) error {
	number := 0
	for part := range slices.Chunk(list, 25) {
		number++
		serials := make([]string, len(part))
		for i := range part {
			serials[i] = part[i].Serial
		}
		known, err := p.Known(ctx, typeID, sink, serials)
		if err != nil {
			return err
		}
		images := []jobs.Image{picture("shared"), picture(fmt.Sprint("of batch ", number))}
		if err := p.SaveImages(ctx, images); err != nil {
			return err
		}
		b := jobs.Batch{Number: number}
		for _, s := range part {
			if k, ok := known[s.Serial]; ok && k.Fingerprint == s.Fingerprint && k.Name == s.Name && k.Bundle == s.Bundle {
				b.Seen = append(b.Seen, k.PassID)
				continue
			}
			b.Staged = append(b.Staged, s)
		}
		if err := p.Stage(ctx, run, b); err != nil {
			return err
		}
	}
	if err := p.Withdraw(ctx, run, []int{40}, nil); err != nil {
		return err
	}
	b := jobs.Batch{Number: number + 1, Refused: 1, Problems: []jobs.Problem{{Code: "duplicate-serial", Severity: jobs.Refused}}}
	if err := p.Stage(ctx, run, b); err != nil {
		return err
	}
	_, err := p.Imported(ctx, run)
	return err
}

func (p *player) press(ctx context.Context, run int64) error {
	for {
		waiting, err := p.Waiting(ctx, run, 0, 7)
		if err != nil || len(waiting) == 0 {
			return err
		}
		var made []jobs.Made
		var failed []jobs.Failed
		for _, m := range pressed(waiting) {
			if m.Staged.Row == 39 {
				failed = append(failed, jobs.Failed{Staged: m.Staged, Problem: jobs.Problem{Code: "bad", Severity: jobs.Refused}})
				continue
			}
			if err := p.shelf.Put(ctx, jobs.Passes(jobs.Pass{Name: m.Staged.Name, Data: content(m.Staged)})); err != nil {
				return err
			}
			made = append(made, m)
		}
		if err := p.Commit(ctx, run, sink, made, failed); err != nil {
			return err
		}
	}
}

// tidy makes the bundles and removes what is left over.
func (p *player) tidy(ctx context.Context) error {
	list, err := p.Bundles(ctx, "members", sink, "", 100)
	if err != nil {
		return err
	}
	for _, b := range list {
		var parts []string
		if len(b.Members) > 0 {
			parts = []string{b.Key + ".zip"}
			if err := p.shelf.Put(ctx, jobs.Passes(jobs.Pass{Name: parts[0], Data: []byte(fmt.Sprint(b.Members))})); err != nil {
				return err
			}
		}
		if err := p.BundlesMade(ctx, "members", sink, []jobs.BundleParts{{Key: b.Key, Parts: parts}}); err != nil {
			return err
		}
	}
	left, err := p.Leftovers(ctx, sink)
	if err != nil || len(left) == 0 {
		return err
	}
	for _, name := range left {
		if err := p.shelf.Remove(ctx, name); err != nil {
			return err
		}
	}
	return p.LeftoverGone(ctx, sink, left)
}

// TestFaultPoints ends the script at every fault point, plays it again, and
// expects what one that was never disturbed leaves.
func TestFaultPoints(t *testing.T) {
	for _, database := range []string{"sqlite", "postgres"} {
		for _, action := range []string{"exit", "error"} {
			for _, point := range ledger.FaultPoints() {
				t.Run(strings.Join([]string{database, action, point}, "/"), func(t *testing.T) {
					t.Parallel()
					dir := t.TempDir()
					dsn := filepath.Join(dir, "passmill.db")
					if database == "postgres" {
						dsn = pgtest.Start(t)
					}
					out := filepath.Join(dir, "out")
					must(t, os.Mkdir(out, 0o700))
					disturb(t, point, action, dsn, out)
					if o, err := child(t, "script", dsn, out).CombinedOutput(); err != nil {
						t.Fatalf("played again: %v\n%s", err, o)
					}
					expectEnd(t, dsn, folder(out))
				})
			}
		}
	}
}

func disturb(t *testing.T, point, action, dsn, out string) {
	t.Helper()
	cmd := child(t, "script", dsn, out)
	cmd.Env = append(cmd.Env, "FAULT="+point+":1:"+action)
	o, err := cmd.CombinedOutput()
	want := map[string]int{"exit": fault.ExitStatus, "error": 1}[action]
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Fatalf("disturbed at %s: status %d, %v, want %d: the script does not pass there?\n%s", point, got, err, want, o)
	}
}

func expectEnd(t *testing.T, dsn string, out folder) {
	t.Helper()
	db, err := ledger.Open(t.Context(), dsn, ledger.Options{})
	must(t, err)
	defer db.Close()
	want := jobs.Count{Rows: 40, Made: 18, Unchanged: 20, Refused: 2}
	list, err := db.Runs(t.Context(), "members", 10)
	must(t, err)
	if len(list) != 3 || list[0].Count != want || list[0].State != jobs.RunDone || list[2].State != jobs.RunSuperseded {
		var got []string
		for _, r := range list {
			got = append(got, fmt.Sprintf("%d %s %+v", r.ID, r.State, r.Count))
		}
		t.Errorf("runs %q; want three, the newest done with %+v, the oldest superseded", got, want)
	}
	if n := number(t, dsn, `SELECT value FROM change_counter`); n != 38+18 {
		t.Errorf("%d change numbers were given out, want %d", n, 38+18)
	}
	if list, err := db.Jobs(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("jobs %v, %v; want none, since it was removed", list, err)
	}
	if n := number(t, dsn, `SELECT COUNT(*) FROM images`); n != 3 {
		t.Errorf("%d images are kept, want 3", n)
	}
	if n := number(t, dsn, `SELECT COUNT(*) FROM audit`); n != 2 {
		t.Errorf("%d lines in the audit, want one for each run", n)
	}
	for f, err := range db.Fsck(t.Context(), ledger.FsckOptions{Sink: sink, Shelf: out, Verify: verify}) {
		must(t, err)
		t.Errorf("found %s: %s", f.Code, f)
	}
}
