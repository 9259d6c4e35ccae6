package ledger_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/jobs/ledger/pgtest"
)

// planned makes all rows of a run without a sink, and ends it.
func planned(t testing.TB, db *ledger.DB, k jobs.RunKey, list ...jobs.Staged) {
	t.Helper()
	k.Sink = ""
	for i := range list {
		list[i].Name = ""
	}
	run, waiting := staged(t, db, k, list...)
	made, err := (&jobs.Planner{Target: jobs.Target{TypeID: typeID, Template: version}}).PlanChunk(t.Context(), jobs.Chunk{Run: run, Rows: waiting})
	must(t, err)
	for range 2 { // as if the first answer had been lost
		must(t, db.Commit(t.Context(), run, "", made, nil))
	}
	_, err = db.Finish(t.Context(), run, jobs.RunDone, now)
	must(t, err)
}

// TestPlanned: passes without a sink have change numbers and no artefacts, are told
// from changed ones the next time, and leave nothing to a file system when their run is
// given up.
func TestPlanned(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		planned(t, db, key("a"), rows(1, 31, "x")...)
		known, err := db.Known(t.Context(), typeID, "", []string{"S00001", "nobody"})
		must(t, err)
		if k := known["S00001"]; len(known) != 1 || k.Name != "" || k.Fingerprint != hash("S00001x") {
			t.Errorf("known: %+v", known)
		}
		before := passOf(t, dsn, "S00002")
		planned(t, db, key("b"), append(rows(1, 2, "y"), rows(2, 3, "x")...)...)
		if passOf(t, dsn, "S00002") != before || passOf(t, dsn, "S00001").change != 31 {
			t.Error("an unchanged pass has another change number, or a changed one the same")
		}
		k := key("c")
		k.Sink = ""
		staged(t, db, k, jobs.Staged{Row: 1, Serial: "T", Fingerprint: hash("T"), Values: []byte("x")})
		planned(t, db, key("d"), rows(1, 2, "y")...) // supersedes it
		for _, table := range []string{"artefacts", "leftovers", "bundles"} {
			if n := number(t, dsn, `SELECT COUNT(*) FROM `+table); n != 0 {
				t.Errorf("%d %s", n, table)
			}
		}
		if found := findings(t, db, ledger.FsckOptions{}); len(found) != 0 {
			t.Errorf("fsck finds %v", found)
		}
	})
}

// TestGivenLinks: a pass keeps its link until it is renewed; a revoked one is revoked,
// and its uses are counted by device.
func TestGivenLinks(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		planned(t, db, key("a"), rows(1, 4, "x")...)
		links := func() map[string]ledger.Link {
			t.Helper()
			got, err := db.Links(ctx, typeID, []string{"S00001", "S00002", "S00003", "nobody"})
			must(t, err)
			return got
		}
		first := links()
		if len(first) != 3 || first["S00001"].Version != 0 {
			t.Fatalf("before: %+v", first)
		}
		ids := []int64{first["S00001"].PassID, first["S00002"].PassID}
		end := now.Add(time.Hour).Truncate(time.Second).UTC()
		must(t, db.GiveLinks(ctx, ids, ledger.LinkTerms{Version: 1, Expires: end, Uses: 2}, false))
		given := links()
		if l := given["S00001"]; l.Version != 1 || !l.Expires.Equal(end) || l.Uses != 2 || l.Nonce == (ledger.Nonce{}) || l.Nonce == given["S00002"].Nonce {
			t.Errorf("given: %+v", l)
		}
		must(t, db.GiveLinks(ctx, ids, ledger.LinkTerms{Version: 2}, false))
		if again := links(); again["S00001"] != given["S00001"] {
			t.Errorf("given again: %+v", again["S00001"])
		}
		use := func(device string, wantOK, wantCounted bool) {
			t.Helper()
			ok, counted, err := db.UseLink(ctx, ids[0], []byte(device), time.Minute)
			if err != nil || ok != wantOK || counted != wantCounted {
				t.Errorf("used by %s: %v, %v, %v", device, ok, counted, err)
			}
		}
		use("one", true, true)
		use("one", true, false)
		use("two", true, true)
		use("two", true, false)
		use("three", false, false)
		use("one", false, false)
		if n, err := db.RevokeLinks(ctx, "guests", typeID, []string{"S00002"}); err != nil || n != 0 {
			t.Errorf("another job revokes %d links, %v", n, err)
		}
		if n, err := db.RevokeLinks(ctx, "members", typeID, []string{"S00002", "S00003", "nobody"}); err != nil || n != 1 {
			t.Errorf("revoked %d, %v", n, err)
		}
		if l := links()["S00002"]; l.Revoked.IsZero() {
			t.Error("it is not revoked")
		}
		must(t, db.GiveLinks(ctx, ids, ledger.LinkTerms{Version: 1}, true))
		if l := links()["S00002"]; !l.Revoked.IsZero() || l.Nonce == given["S00002"].Nonce || l.Uses != 0 {
			t.Errorf("renewed: %+v", l)
		}
		if l := links()["S00001"]; l.Used != 0 || !l.Expires.IsZero() {
			t.Errorf("renewed: %+v", l)
		}
		if n, err := db.RevokeAllLinks(ctx, "members"); err != nil || n != 2 {
			t.Errorf("revoked all: %d, %v", n, err)
		}
		page, err := db.LinksOfJob(ctx, "members", 0, 10)
		if err != nil || len(page) != 2 || page[0].Serial != "S00001" {
			t.Errorf("list: %+v, %v", page, err)
		}
		if _, err := db.Link(ctx, 12345); !errors.Is(err, jobs.ErrNotFound) {
			t.Errorf("no pass: %v", err)
		}
	})
}

var series = ledger.LinkSeries{ID: []byte("12345678"), Job: "members", TypeID: typeID, Template: version, Layout: "{}"}

func sealedRow(serial, text string, issued time.Time) ledger.SealedRow {
	return ledger.SealedRow{Staged: jobs.Staged{Serial: serial, Fingerprint: hash(serial + text), Values: []byte(text)}, Issued: issued}
}

// TestOpenSealed: a sealed row is planned once, however many open it at once; a newer
// one changes the pass, an older one does not; that of another job's pass is refused.
func TestOpenSealed(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		must(t, db.SaveSeries(ctx, series))
		must(t, db.SaveSeries(ctx, series))
		if got, err := db.Series(ctx, series.ID); err != nil || got.Job != "members" || got.Template != version {
			t.Errorf("series: %+v, %v", got, err)
		}
		terms := ledger.LinkTerms{Version: 1, Uses: 3}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if err := db.OpenSealed(ctx, series, 0, terms, []ledger.SealedRow{sealedRow("A", "x", now), sealedRow("B", "x", now)}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		first := passOf(t, dsn, "A")
		for query, want := range map[string]int64{
			`SELECT COUNT(*) FROM passes`: 2, `SELECT COUNT(*) FROM rows`: 2, `SELECT COUNT(*) FROM links`: 2, `SELECT value FROM change_counter`: 2,
		} {
			if n := number(t, dsn, query); n != want {
				t.Errorf("%s is %d, want %d", query, n, want)
			}
		}
		must(t, db.OpenSealed(ctx, series, 0, terms, []ledger.SealedRow{sealedRow("A", "old", now.Add(-time.Hour))}))
		if passOf(t, dsn, "A") != first {
			t.Error("an older row has changed the pass")
		}
		must(t, db.OpenSealed(ctx, series, 0, terms, []ledger.SealedRow{sealedRow("A", "new", now.Add(time.Hour))}))
		if got := passOf(t, dsn, "A"); got.change != 3 || got.modified <= first.modified {
			t.Errorf("a newer row: %+v after %+v", got, first)
		}
		planned(t, db, key("run"), row(1, "A", "of a run")) // begun at now
		must(t, db.OpenSealed(ctx, series, 0, terms, []ledger.SealedRow{sealedRow("A", "before the run", now.Add(-time.Minute))}))
		if got := passOf(t, dsn, "A"); got.change != 4 {
			t.Errorf("a row from before the run has changed what the run made: %+v", got)
		}
		other := series
		other.Job = "others"
		if err := db.OpenSealed(ctx, other, 0, terms, []ledger.SealedRow{sealedRow("B", "y", now.Add(time.Hour))}); !errors.Is(err, ledger.ErrOtherJob) {
			t.Errorf("another job's: %v", err)
		}
		if found := findings(t, db, ledger.FsckOptions{}); len(found) != 0 {
			t.Errorf("fsck finds %v", found)
		}
	})
}

// TestLinkMarks: sealed links are revoked by generations, and come back only renewed.
func TestLinkMarks(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		id := append(make([]byte, 31), 7)
		step := func(what string, f func() error, want ledger.LinkMark) {
			t.Helper()
			must(t, f())
			marks, err := db.LinkMarks(ctx, [][]byte{id})
			if err != nil || marks[string(id)] != want {
				t.Errorf("%s: %+v, %v; want %+v", what, marks, err, want)
			}
		}
		if has, err := db.HasLinkMarks(ctx); err != nil || has {
			t.Errorf("%v, %v", has, err)
		}
		revoke := func() error { return db.MarkLinks(ctx, [][]byte{id}, false) }
		renew := func() error { return db.MarkLinks(ctx, [][]byte{id}, true) }
		step("nothing", func() error { return nil }, ledger.LinkMark{})
		step("revoked", revoke, ledger.LinkMark{Generation: 1, Revoked: true})
		step("revoked again", revoke, ledger.LinkMark{Generation: 1, Revoked: true})
		step("renewed", renew, ledger.LinkMark{Generation: 1})
		step("renewed again", renew, ledger.LinkMark{Generation: 2})
		step("revoked later", revoke, ledger.LinkMark{Generation: 3, Revoked: true})
		if has, err := db.HasLinkMarks(ctx); err != nil || !has {
			t.Errorf("%v, %v", has, err)
		}
	})
}

func childLinks(args []string) error {
	ctx := context.Background()
	db, err := ledger.Open(ctx, args[0], ledger.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	if err := prepare(ctx, db); err != nil {
		return err
	}
	issued := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var pass int64
	for _, step := range []func() error{
		func() error { return db.SaveSeries(ctx, series) },
		func() error {
			return db.OpenSealed(ctx, series, 0, ledger.LinkTerms{Version: 1}, []ledger.SealedRow{sealedRow("A", "x", issued)})
		},
		func() error {
			of, err := db.LinkOf(ctx, typeID, "A") // a number may have been lost
			pass = of.PassID
			return err
		},
		func() error { return db.GiveLinks(ctx, []int64{pass}, ledger.LinkTerms{Version: 1}, false) },
		func() error { _, _, err := db.UseLink(ctx, pass, []byte("one"), time.Hour); return err },
		func() error { _, err := db.RevokeLinks(ctx, "members", typeID, []string{"A"}); return err },
		func() error { return db.MarkLinks(ctx, [][]byte{make([]byte, 32)}, false) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// TestLinkFaults disturbs each step by an error before and after its commit, plays the
// script again, and wants each operation done once.
func TestLinkFaults(t *testing.T) {
	for database, dsn := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "passmill.db") },
		"postgres": func(t *testing.T) string { return pgtest.Start(t) },
	} {
		for _, point := range ledger.LinkFaultPoints() {
			t.Run(database+"/"+point, func(t *testing.T) { disturbLinks(t, point, dsn(t)) })
		}
	}
}

func disturbLinks(t *testing.T, point, dsn string) {
	cmd := child(t, "links", dsn)
	cmd.Env = append(cmd.Env, "FAULT="+point+":1:error")
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("the point was not reached\n%s", out)
	}
	if out, err := child(t, "links", dsn).CombinedOutput(); err != nil {
		t.Fatalf("played again: %v\n%s", err, out)
	}
	for query, want := range map[string]int64{
		`SELECT COUNT(*) FROM passes`:                                                1,
		`SELECT COUNT(*) FROM rows WHERE state = 'made'`:                             1,
		`SELECT total - made FROM runs`:                                              0,
		`SELECT COUNT(*) FROM links WHERE used = 1 AND revoked > 0`:                  1,
		`SELECT COUNT(*) FROM link_series`:                                           1,
		`SELECT COUNT(*) FROM link_marks WHERE generation = 1`:                       1,
		`SELECT COUNT(*) FROM link_marks WHERE revoked = 0`:                          0,
		`SELECT value - (SELECT MAX(change_number) FROM passes) FROM change_counter`: 0,
	} {
		if n := number(t, dsn, query); n != want {
			t.Errorf("%s is %d, want %d", query, n, want)
		}
	}
}
