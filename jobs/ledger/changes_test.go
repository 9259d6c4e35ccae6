package ledger_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/sign"
)

// held lets a device hold passes.
func held(t *testing.T, dsn string, serials ...string) {
	t.Helper()
	db := raw(t, dsn)
	library := fmt.Sprintf("x'%x'", sha256.Sum256([]byte("device")))
	if isPostgres(dsn) {
		library = "decode('" + fmt.Sprintf("%x", sha256.Sum256([]byte("device"))) + "', 'hex')"
	}
	for _, query := range []string{
		`INSERT INTO devices (id, library, created, seen) VALUES (1, ` + library + `, 0, 0)`,
		`INSERT INTO subscriptions (device_id, type_id, push_token, token_at) VALUES (1, ` + quote(typeID) + `, 't', 0)`,
	} {
		if _, err := db.Exec(query); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range serials {
		if _, err := db.Exec(`INSERT INTO registrations (pass_id, device_id, created) SELECT id, 1, 0 FROM passes WHERE serial = ` + quote(s)); err != nil {
			t.Fatal(err)
		}
	}
}

func passIDs(t *testing.T, db *ledger.DB, serials ...string) []int64 {
	t.Helper()
	rows, err := db.PassesBySerial(t.Context(), serials, "", typeID)
	must(t, err)
	list := make([]int64, len(rows))
	for i := range rows {
		list[i] = rows[i].ID
	}
	return list
}

// stale returns the serial numbers of files to press again.
func stale(t *testing.T, db *ledger.DB) []string {
	t.Helper()
	page, err := db.Stale(t.Context(), "members", sink, 0, 100)
	must(t, err)
	list := []string{}
	for _, f := range page {
		list = append(list, f.Serial)
	}
	slices.Sort(list)
	return list
}

// freshen says that all files were pressed again, as their passes were at a moment.
func freshen(t *testing.T, db *ledger.DB, late int64) {
	t.Helper()
	page, err := db.Stale(t.Context(), "members", sink, 0, 100)
	must(t, err)
	var files []ledger.FreshFile
	for _, f := range page {
		c, err := db.Content(t.Context(), f.TypeID, f.Serial)
		must(t, err)
		data := content(c.Row)
		files = append(files, ledger.FreshFile{StaleFile: f, Change: c.Change - late, Made: jobs.Made{
			Template: c.Template, Certificate: "c1", Size: int64(len(data)), Manifest: sha256.Sum256(data), Staged: c.Row,
		}})
	}
	must(t, db.Freshened(t.Context(), "members", sink, files))
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(passRow{})); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

var voided = jobs.Standing{State: jobs.StandingVoided}

// TestStanding: passes become void once, however often it is said; devices hear of it,
// and the files stay to be pressed until they are.
func TestStanding(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		finished(t, db, key("a"), row(1, "A", "x"), row(2, "B", "x"), row(3, "C", "x"))
		held(t, dsn, "B", "C")
		first := passOf(t, dsn, "B")
		event := sign.Event{ID: "once", At: now, Actor: "somebody", Action: sign.ActionPassVoid}
		for range 2 { // the second time as if the answer of the first had been lost
			must(t, db.SetStanding(ctx, append(passIDs(t, db, "A", "B"), 999), voided, event))
		}
		equal(t, "numbers given out", number(t, dsn, `SELECT value FROM change_counter`), 5)
		b := passOf(t, dsn, "B")
		if b.change <= 3 || b.modified != first.modified+1000 {
			t.Errorf("B has number %d, modified %d after %d", b.change, b.modified, first.modified)
		}
		equal(t, "what the device waits for", number(t, dsn, `SELECT wanted FROM subscriptions`), b.change)
		standings, err := db.Standings(ctx, typeID, []string{"A", "B", "C", "D"})
		must(t, err)
		want := jobs.Standing{State: jobs.StandingVoided, Cause: jobs.CausePerson}
		equal(t, "standings", standings, map[string]jobs.Standing{"A": want, "B": want})
		equal(t, "files to press", stale(t, db), []string{"A", "B"})

		freshen(t, db, 1) // pressed before it became void
		equal(t, "files to press after a late one", stale(t, db), []string{"A", "B"})
		freshen(t, db, 0)
		equal(t, "files to press at last", stale(t, db), []string{})
		equal(t, "what is noted", number(t, dsn, `SELECT COUNT(*) FROM stale`), 0)
		known, err := db.Known(ctx, typeID, sink, []string{"A"})
		must(t, err)
		if known["A"].Name != "A.pkpass" || known["A"].Missing {
			t.Errorf("known: %+v", known["A"])
		}

		ends := jobs.Standing{State: jobs.StandingExpired, Ends: now.Add(time.Hour)}
		must(t, db.SetStanding(ctx, passIDs(t, db, "A"), ends, sign.Event{At: now, Action: sign.ActionPassExpire}))
		must(t, db.SetStanding(ctx, passIDs(t, db, "B"), jobs.Standing{}, sign.Event{At: now, Action: sign.ActionPassReissue}))
		standings, err = db.Standings(ctx, typeID, []string{"A", "B"})
		must(t, err)
		if s := standings["A"]; len(standings) != 1 || s.State != jobs.StandingExpired || !s.Ends.Equal(ends.Ends) {
			t.Errorf("standings: %+v", standings)
		}
		if got := findings(t, db, ledger.FsckOptions{}); len(got) != 0 {
			t.Errorf("fsck found %q", got)
		}
	})
}

// TestStandingOutruns: a pass that becomes void while it is pressed has a file that says
// what it was; it is pressed again, and the run's number comes behind.
func TestStandingOutruns(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		finished(t, db, key("a"), row(1, "A", "x"), row(2, "B", "x"), row(3, "C", "x"))
		run, waiting := staged(t, db, key("b"), row(1, "A", "y"), row(2, "B", "x"), row(3, "C", "y"))
		must(t, db.SetStanding(ctx, passIDs(t, db, "A", "B"), voided, sign.Event{At: now, Action: sign.ActionPassVoid}))
		numbered := passOf(t, dsn, "B").change
		must(t, db.Commit(ctx, run, sink, pressed(waiting), nil))
		equal(t, "files to press", stale(t, db), []string{"A", "B"})
		known, err := db.Known(ctx, typeID, sink, []string{"A", "B", "C"})
		must(t, err)
		if known["A"].Name != "" || known["B"].Name != "" || known["C"].Name != "C.pkpass" {
			t.Errorf("known: %+v", known)
		}
		if a := passOf(t, dsn, "A"); a.change <= numbered {
			t.Errorf("A has number %d, and B %d", a.change, numbered)
		}
		if b := passOf(t, dsn, "B"); b.change != numbered { // only pressed again
			t.Errorf("B has number %d, want %d", b.change, numbered)
		}
		freshen(t, db, 0)
		equal(t, "files to press", stale(t, db), []string{})

		// Known to be void, it is pressed so.
		run, waiting = staged(t, db, key("c"), row(1, "A", "z"))
		waiting[0].Standing = jobs.Standing{State: jobs.StandingVoided, Cause: jobs.CausePerson}
		must(t, db.Commit(ctx, run, sink, pressed(waiting), nil))
		equal(t, "files to press", stale(t, db), []string{})
	})
}

// TestMissing: what a run has no row of becomes void, and valid again when its row is
// back, each with one new number.
func TestMissing(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		finished(t, db, key("a"), rows(0, 1200, "x")...)
		must(t, db.SetStanding(ctx, passIDs(t, db, "S00001"), voided, sign.Event{At: now, Action: sign.ActionPassVoid}))
		freshen(t, db, 0)
		run, err := db.Begin(ctx, key("b"), now)
		must(t, err)
		refused := jobs.Problem{Serial: "S00010", Code: "x", Severity: jobs.Refused}
		advice := jobs.Problem{Serial: "S00011", Code: "x", Severity: jobs.Advice}
		must(t, db.Stage(ctx, run.ID, jobs.Batch{Number: 1, Staged: rows(20, 22, "y"), Seen: passIDs(t, db, "S00030", "S00031"), Refused: 1, Problems: []jobs.Problem{refused, advice}}))
		_, err = db.Imported(ctx, run.ID)
		must(t, err)
		waiting, err := db.Waiting(ctx, run.ID, 0, 10)
		must(t, err)
		must(t, db.Commit(ctx, run.ID, sink, pressed(waiting[:1]), []jobs.Failed{{Staged: waiting[1], Problem: refused}}))
		present, nameless, err := db.Present(ctx, run.ID, typeID)
		must(t, err)
		absent, of, err := db.Absent(ctx, "members", typeID, present)
		must(t, err)
		if nameless != 0 || of != 1200 || len(absent) != 1200-1-1-2-2 {
			t.Errorf("%d nameless, %d absent of %d", nameless, len(absent), of)
		}
		before := number(t, dsn, `SELECT value FROM change_counter`)
		for range 2 {
			must(t, db.SetMissing(ctx, run.ID, absent, voided))
		}
		equal(t, "numbers given out", number(t, dsn, `SELECT value FROM change_counter`)-before, int64(len(absent)))
		n, err := db.MissingOf(ctx, run.ID)
		must(t, err)
		equal(t, "missing", n, len(absent))
		_, err = db.Finish(ctx, run.ID, jobs.RunDone, now)
		must(t, err)

		known, err := db.Known(ctx, typeID, sink, []string{"S00005", "S00030"})
		must(t, err)
		if !known["S00005"].Missing || known["S00030"].Missing {
			t.Errorf("known: %+v", known)
		}
		gone := passOf(t, dsn, "S00005")
		finished(t, db, key("c"), row(1, "S00005", "x"))
		back := passOf(t, dsn, "S00005")
		if back.change <= gone.change || number(t, dsn, `SELECT COUNT(*) FROM passes WHERE serial = 'S00005' AND standing = 'valid'`) != 1 {
			t.Errorf("back: %+v after %+v", back, gone)
		}
		finished(t, db, key("d"), row(1, "S00005", "x"))
		equal(t, "pressed again", passOf(t, dsn, "S00005"), back)
		for range 2 {
			must(t, db.UndoMissing(ctx, run.ID, absent))
		}
		equal(t, "not valid", number(t, dsn, `SELECT COUNT(*) FROM passes WHERE standing <> 'valid'`), 1) // by a person
		equal(t, "not undone", passOf(t, dsn, "S00005"), back)
		if got := findings(t, db, ledger.FsckOptions{}); len(got) != 0 {
			t.Errorf("fsck found %q", got)
		}
	})
}

// TestRollBack: passes go back to what they were before a run, those that changed since
// stay, and a rollback can be taken back.
func TestRollBack(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		finished(t, db, key("a"), row(1, "A", "x"), row(2, "B", "x"), row(3, "C", "x"))
		must(t, db.SaveTemplate(ctx, hash("other"), "card", map[string][]byte{"template.json": []byte("{ }")}))
		second := key("b")
		second.Template = hash("other")
		run, waiting := staged(t, db, second, row(1, "A", "y"), row(2, "B", "y"), row(3, "C", "x"), row(4, "D", "y"))
		made := pressed(waiting)
		for i := range made {
			made[i].Template = hash("other")
		}
		must(t, db.Commit(ctx, run, sink, made, nil))
		_, err := db.Finish(ctx, run, jobs.RunDone, now)
		must(t, err)
		finished(t, db, key("c"), row(1, "B", "z"))
		held(t, dsn, "A")

		plan, err := db.PlanRollback(ctx, run)
		must(t, err)
		equal(t, "plan", plan, ledger.Rollback{Back: passIDs(t, db, "A"), New: passIDs(t, db, "D"), Later: []string{"B"}})
		back := jobs.RunKey{Job: "members", Template: version, Sink: sink, RollsBack: run}
		rollback, err := db.Begin(ctx, back, now)
		must(t, err)
		for range 2 {
			must(t, db.RollBack(ctx, rollback.ID, run, append(plan.Back, passIDs(t, db, "B", "D")...)))
		}
		if again, err := db.Begin(ctx, back, now); err != nil || again.ID != rollback.ID {
			t.Errorf("resumed as %d, %v", again.ID, err)
		}
		_, err = db.Imported(ctx, rollback.ID)
		must(t, err)
		end, err := db.Finish(ctx, rollback.ID, jobs.RunDone, now)
		must(t, err)
		equal(t, "counts", end.Count, jobs.Count{Rows: 1, Made: 1})
		equal(t, "key", end.Key, back)
		was := func(serial, text string, template jobs.Hash) {
			t.Helper()
			c, err := db.Content(ctx, typeID, serial)
			must(t, err)
			if string(c.Row.Values) != text || c.Template != template || c.Row.Fingerprint != hash(serial+text) {
				t.Errorf("%s is %q with %x", serial, c.Row.Values, c.Template)
			}
		}
		was("A", "x", version)
		was("B", "z", version)
		was("D", "y", hash("other"))
		equal(t, "what the device waits for", number(t, dsn, `SELECT wanted FROM subscriptions`), passOf(t, dsn, "A").change)
		equal(t, "files to press", stale(t, db), []string{"A"})
		freshen(t, db, 0)
		if got := findings(t, db, ledger.FsckOptions{}); len(got) != 0 {
			t.Errorf("fsck found %q", got)
		}
		plan, err = db.PlanRollback(ctx, run)
		must(t, err)
		equal(t, "plan again", plan, ledger.Rollback{New: passIDs(t, db, "D"), Later: []string{"B"}})

		// And forth again.
		back.RollsBack = rollback.ID
		forth, err := db.Begin(ctx, back, now)
		must(t, err)
		must(t, db.RollBack(ctx, forth.ID, rollback.ID, passIDs(t, db, "A")))
		was("A", "y", hash("other"))
	})
}
