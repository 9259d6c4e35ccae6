package ledger_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/sign"
)

// put puts the files of rows into a folder, and records nothing.
func put(t *testing.T, out folder, list []jobs.Staged) {
	t.Helper()
	for _, s := range list {
		must(t, out.Put(t.Context(), jobs.Passes(jobs.Pass{Name: s.Name, Data: content(s)})))
	}
}

// run makes the rows of a source as the program does: what is known and the same
// stays as it is, the rest is made, and leftovers are removed.
func (p *player) run(t *testing.T, k jobs.RunKey, list ...jobs.Staged) jobs.Count {
	t.Helper()
	ctx := t.Context()
	serials := make([]string, len(list))
	for i := range list {
		serials[i] = list[i].Serial
	}
	run, err := p.Begin(ctx, k, now)
	must(t, err)
	known, err := p.Known(ctx, typeID, k.Sink, serials)
	must(t, err)
	b := jobs.Batch{Number: 1}
	for _, s := range list {
		if at := known[s.Serial]; at.Fingerprint == s.Fingerprint && at.Name == s.Name {
			b.Seen = append(b.Seen, at.PassID)
			continue
		}
		b.Staged = append(b.Staged, s)
	}
	must(t, p.Stage(ctx, run.ID, b))
	_, err = p.Imported(ctx, run.ID)
	must(t, err)
	waiting, err := p.Waiting(ctx, run.ID, 0, len(list)+1)
	must(t, err)
	put(t, p.shelf, waiting)
	must(t, p.Commit(ctx, run.ID, k.Sink, pressed(waiting), nil))
	must(t, p.tidy(ctx))
	run, err = p.Finish(ctx, run.ID, jobs.RunDone, now)
	must(t, err)
	return run.Count
}

func (p *player) findings(t *testing.T, want ...string) {
	t.Helper()
	got := findings(t, p.DB, ledger.FsckOptions{Sink: sink, Shelf: p.shelf, Verify: verify})
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

// TestGivenUp kills a run between the sink and the ledger, puts the old source
// back, and expects that nothing of the run stays in the sink.
func TestGivenUp(t *testing.T) {
	for _, end := range []jobs.RunState{jobs.RunSuperseded, jobs.RunStopped} {
		t.Run(string(end), func(t *testing.T) {
			both(t, func(t *testing.T, dsn string) {
				p := &player{DB: open(t, dsn), shelf: folder(t.TempDir())}
				old := []jobs.Staged{row(1, "A", "x"), row(2, "B", "x")}
				p.run(t, key("old"), old...)
				before := passOf(t, dsn, "B")

				killed, waiting := staged(t, p.DB, key("new"), row(2, "B", "y"), row(3, "C", "y"))
				put(t, p.shelf, waiting)
				if end == jobs.RunStopped {
					_, err := p.Finish(t.Context(), killed, end, now)
					must(t, err)
					p.findings(t, "leftovers", "in-doubt")
				}
				got := p.run(t, key("old"), old...)
				if want := (jobs.Count{Rows: 2, Made: 1, Unchanged: 1}); got != want {
					t.Errorf("with the old source: %+v, want %+v", got, want)
				}
				if run, err := p.Run(t.Context(), killed); err != nil || run.State != end {
					t.Errorf("the killed run is %s, %v; want %s", run.State, err, end)
				}
				if after := passOf(t, dsn, "B"); after != before {
					t.Errorf("B is %+v, want %+v: its content is what it was", after, before)
				}
				p.findings(t)
			})
		})
	}
}

// TestGivenUpNames checks what becomes of the names of a run that was given up:
// one that a pass or a bundle claims stays claimed, and one that is made again is
// no leftover.
func TestGivenUpNames(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		elsewhere := key("old")
		elsewhere.Sink = "dir:else"
		finished(t, db, key("old"), row(1, "A", "x"))
		run, waiting := staged(t, db, elsewhere, row(1, "A", "x"))
		must(t, db.Commit(ctx, run, "dir:else", pressed(waiting), nil))
		_, err := db.Finish(ctx, run, jobs.RunDone, now)
		must(t, err)
		must(t, db.BundlesMade(ctx, "members", sink, []jobs.BundleParts{{Key: "one", Parts: []string{"one.zip"}}}))

		taker, bundled := row(2, "B", "x"), row(3, "C", "x")
		taker.Name, bundled.Name = "A.pkpass", "one.zip"
		staged(t, db, key("new"), taker, bundled, row(4, "D", "x"), row(5, "E", "x"))
		finished(t, db, key("newer"), row(4, "D", "x"))
		if left, err := db.Leftovers(ctx, sink); err != nil || !slices.Equal(left, []string{"E.pkpass"}) {
			t.Errorf("leftovers %q, %v; want only what nobody claims", left, err)
		}
		claims, err := db.Claimed(ctx, sink, []string{"A.pkpass", "one.zip"})
		must(t, err)
		if claims["A.pkpass"].Serial != "A" || claims["one.zip"].Bundle != "one" {
			t.Errorf("claims %+v, want A and one", claims)
		}
		for in, want := range map[string]string{sink: "", "dir:else": "A.pkpass"} {
			known, err := db.Known(ctx, typeID, in, []string{"A"})
			must(t, err)
			if known["A"].Name != want {
				t.Errorf("A is known as %q in %s, want %q", known["A"].Name, in, want)
			}
		}
	})
}

// TestGivenUpImport checks that an import that never ended, so that nothing was
// pressed, puts nothing in doubt.
func TestGivenUpImport(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		finished(t, db, key("old"), row(1, "A", "x"))
		run, err := db.Begin(ctx, key("new"), now)
		must(t, err)
		must(t, db.Stage(ctx, run.ID, jobs.Batch{Number: 1, Staged: []jobs.Staged{row(1, "A", "y"), row(2, "B", "y")}}))
		_, err = db.Begin(ctx, key("newer"), now)
		must(t, err)
		known, err := db.Known(ctx, typeID, sink, []string{"A"})
		must(t, err)
		if left, err := db.Leftovers(ctx, sink); err != nil || len(left) != 0 || known["A"].Name == "" {
			t.Errorf("leftovers %q, %v; A is known as %q", left, err, known["A"].Name)
		}
	})
}

// TestGivenUpMany gives up more rows than one transaction takes.
func TestGivenUpMany(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		finished(t, db, key("old"), rows(0, 3000, "x")...)
		staged(t, db, key("new"), rows(0, 6000, "y")...)
		_, err := db.Begin(t.Context(), key("newer"), now)
		must(t, err)
		for query, want := range map[string]int64{
			`SELECT COUNT(*) FROM artefacts WHERE change_number = 0 AND name IS NOT NULL`: 3000,
			`SELECT COUNT(*) FROM leftovers`:                                              3000,
			`SELECT COUNT(*) FROM rows WHERE state = 'waiting'`:                           0,
		} {
			if n := number(t, dsn, query); n != want {
				t.Errorf("%s: %d, want %d", query, n, want)
			}
		}
	})
}

// TestOtherSinkAndBack makes a pass for one sink, changes it in another, and
// comes back to the first, whose file is older than the pass by then.
func TestOtherSinkAndBack(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		p := &player{DB: open(t, dsn), shelf: folder(t.TempDir())}
		other := key("new")
		other.Sink = "dir:else"
		p.run(t, key("old"), row(1, "A", "x"), row(2, "B", "x"))
		(&player{DB: p.DB, shelf: folder(t.TempDir())}).run(t, other, row(1, "A", "x"), row(2, "B", "y"))
		p.findings(t, "older-file")
		must(t, flip(p.shelf.path("B.pkpass")))
		p.findings(t, "older-file", "damaged-file")

		change := passOf(t, dsn, "B").change
		got := p.run(t, key("back"), row(1, "A", "x"), row(2, "B", "y"))
		if want := (jobs.Count{Rows: 2, Made: 1, Unchanged: 1}); got != want {
			t.Errorf("back again: %+v, want %+v", got, want)
		}
		if again := passOf(t, dsn, "B").change; again != change {
			t.Errorf("change number %d became %d, and the content is the same", change, again)
		}
		p.findings(t)
	})
}

// TestRunKeySink checks that a run for one sink is not resumed for another.
func TestRunKeySink(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		first, _ := staged(t, db, key("a"), row(1, "A", "x"))
		k := key("a")
		k.Sink = "dir:else"
		second, err := db.Begin(t.Context(), k, now)
		must(t, err)
		if second.ID == first || second.Key != k {
			t.Errorf("run %d for one sink, then %+v for another", first, second)
		}
	})
}

// TestCertificateOfArtefact checks that the file in each sink is verified with
// the certificate that signed it.
func TestCertificateOfArtefact(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		must(t, db.SaveCertificate(ctx, sign.Certificate{ID: "c2", TypeID: typeID, TeamID: "TEAM", Subject: "CN=y", NotAfter: now, DER: []byte{2}}))
		out := folder(t.TempDir())
		press := func(in, certificate string, adopted bool) {
			t.Helper()
			k := key(in + certificate)
			k.Sink = in
			run, waiting := staged(t, db, k, row(1, "A", "x"))
			put(t, out, waiting)
			made := pressed(waiting)
			made[0].Certificate, made[0].Adopted = certificate, adopted
			must(t, db.Commit(ctx, run, in, made, nil))
			_, err := db.Finish(ctx, run, jobs.RunDone, now)
			must(t, err)
		}
		certificates := func(want string) {
			t.Helper()
			var got []string
			for _, in := range []string{sink, "dir:else"} {
				for f, err := range db.Fsck(ctx, ledger.FsckOptions{Sink: in, Shelf: out, Verify: func(_ context.Context, _ []byte, a ledger.Artefact) error {
					got = append(got, a.Certificate)
					return nil
				}}) {
					must(t, err)
					t.Errorf("found %s", f)
				}
			}
			if strings.Join(got, " ") != want {
				t.Errorf("certificates %q, want %s", got, want)
			}
		}
		press(sink, "c1", false)
		press("dir:else", "c2", false)
		certificates("c1 c2")
		press(sink, "c2", true)
		certificates("c2 c2")
	})
}

// TestFsckSummaryOfOneSink checks that things of other sinks aren't counted.
func TestFsckSummaryOfOneSink(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		p := &player{DB: open(t, dsn), shelf: folder(t.TempDir())}
		p.run(t, key("a"), row(1, "A", "x"), row(2, "B", "x"))
		other := key("b")
		other.Job, other.Sink = "vouchers", "dir:else"
		(&player{DB: p.DB, shelf: folder(t.TempDir())}).run(t, other, row(1, "V", "x"))
		for in, want := range map[string]ledger.FsckSummary{
			sink:       {Runs: 1, Rows: 2, Passes: 2},
			"dir:else": {Runs: 1, Rows: 1, Passes: 1},
			"":         {Runs: 2, Rows: 3, Passes: 3},
		} {
			var got ledger.FsckSummary
			findings(t, p.DB, ledger.FsckOptions{Sink: in, Summary: &got})
			if got != want {
				t.Errorf("sink %q: %+v, want %+v", in, got, want)
			}
		}
	})
}
