package ledger_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

func TestStage(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		finished(t, db, key("before"), rows(1, 4, "old")...)
		known, err := db.Known(ctx, typeID, sink, []string{"S00001", "S00002", "S00003"})
		must(t, err)
		seen := []int64{known["S00003"].PassID, known["S00001"].PassID, known["S00002"].PassID}

		run, err := db.Begin(ctx, key("a"), now)
		must(t, err)
		problem := jobs.Problem{
			Origin: jobs.Origin{File: "m.xlsx", Sheet: "Members", Row: 3, Column: "C"}, Field: "Born", Serial: "S00009",
			Code: "not-a-date", Severity: jobs.Refused, Message: "is not a date", Fix: "write it as 2026-12-31", Value: "a secret value",
		}
		list := rows(10, 1010, "new")
		list[0].Values = nil
		batch := jobs.Batch{Number: 1, Staged: list, Seen: seen, Problems: []jobs.Problem{problem}, Refused: 1}
		for range 2 { // the second time as if the first one's answer had been lost
			must(t, db.Stage(ctx, run.ID, batch))
		}
		for range 2 {
			must(t, db.Withdraw(ctx, run.ID, []int{10, 11, 77777}, []int64{seen[0], 99999}))
		}
		batch = jobs.Batch{Number: 2, Refused: 3}
		must(t, db.Stage(ctx, run.ID, batch))
		want := jobs.Count{Rows: 998 + 2 + 1 + 3, Unchanged: 2, Refused: 4}
		for range 2 {
			got, err := db.Imported(ctx, run.ID)
			must(t, err)
			if got != want {
				t.Errorf("counts %+v, want %+v", got, want)
			}
		}

		var got []jobs.Staged
		for after := int64(0); ; after = got[len(got)-1].ID {
			page, err := db.Waiting(ctx, run.ID, after, 300)
			must(t, err)
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
		}
		last := int64(0)
		for i := range got {
			if got[i].ID <= last {
				t.Fatalf("id %d comes after %d", got[i].ID, last)
			}
			last, got[i].ID = got[i].ID, 0
		}
		if diff := cmp.Diff(list[2:], got); diff != "" {
			t.Errorf("waiting rows (-staged +got):\n%s", diff)
		}
		problem.Value = ""
		if diff := cmp.Diff([]jobs.Problem{problem}, problems(t, db, run.ID)); diff != "" {
			t.Errorf("problems (-stored +got):\n%s", diff)
		}

		if err := db.Stage(ctx, run.ID, jobs.Batch{Number: 3}); err == nil {
			t.Error("a run that presses took a batch")
		}
		if err := db.Withdraw(ctx, run.ID, []int{12}, nil); err == nil {
			t.Error("a row of a run that presses was withdrawn")
		}
	})
}

func problems(t testing.TB, db *ledger.DB, run int64) []jobs.Problem {
	t.Helper()
	var list []jobs.Problem
	for p, err := range db.Problems(t.Context(), run) {
		must(t, err)
		list = append(list, p)
	}
	return list
}

func TestProblemsByPages(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		run, err := db.Begin(ctx, key("a"), now)
		must(t, err)
		var want []string
		for n := 1; n <= 3; n++ {
			b := jobs.Batch{Number: n, Refused: 400}
			for i := range 400 {
				b.Problems = append(b.Problems, jobs.Problem{Message: fmt.Sprint(n, " ", i), Severity: jobs.Refused})
				want = append(want, fmt.Sprint(n, " ", i))
			}
			must(t, db.Stage(ctx, run.ID, b))
		}
		var got []string
		for _, p := range problems(t, db, run.ID) {
			got = append(got, p.Message)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
		for range db.Problems(ctx, run.ID) {
			break // must not hold anything
		}
	})
}

func TestKnown(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		list := rows(0, 1100, "x")
		list[7].Bundle = "Köln's"
		finished(t, db, key("a"), list...)
		var serials []string
		for i := range 1200 {
			serials = append(serials, fmt.Sprintf("S%05d", i))
		}
		known, err := db.Known(ctx, typeID, sink, serials)
		must(t, err)
		if len(known) != 1100 {
			t.Fatalf("knows %d passes, want 1100", len(known))
		}
		k := known["S00007"]
		k.PassID = 0
		want := jobs.Known{Job: "members", Fingerprint: list[7].Fingerprint, Bundle: "Köln's", Name: "S00007.pkpass"}
		if k != want {
			t.Errorf("knows %+v, want %+v", k, want)
		}
		for what, args := range map[string][2]string{"another sink": {typeID, "dir:else"}, "another type": {"pass.x", sink}} {
			known, err := db.Known(ctx, args[0], args[1], serials[:3])
			must(t, err)
			if known["S00001"].Name != "" {
				t.Errorf("%s: %+v", what, known)
			}
		}
		if known, err := db.Known(ctx, typeID, sink, nil); err != nil || len(known) != 0 {
			t.Errorf("no serials: %v, %v", known, err)
		}
	})
}

// TestAnyText stages what a spreadsheet may hold and reads it back.
func TestAnyText(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, n := open(t, dsn), 0
		run, err := db.Begin(t.Context(), key("a"), now)
		must(t, err)
		rapid.Check(t, func(t *rapid.T) {
			n++
			text := strings.ReplaceAll(rapid.String().Draw(t, "text"), "\x00", "")
			s := row(n, fmt.Sprint(n, text), text)
			s.Bundle, s.Values = text, rapid.SliceOf(rapid.Byte()).Draw(t, "values")
			if err := db.Stage(t.Context(), run.ID, jobs.Batch{Number: n, Staged: []jobs.Staged{s}}); err != nil {
				t.Fatal(err)
			}
			page, err := db.Waiting(t.Context(), run.ID, 0, 10_000)
			if err != nil {
				t.Fatal(err)
			}
			got := page[len(page)-1]
			got.ID = 0
			if len(s.Values) == 0 {
				got.Values, s.Values = nil, nil
			}
			if diff := cmp.Diff(s, got); diff != "" {
				t.Errorf("(-staged +got):\n%s", diff)
			}
		})
	})
}
