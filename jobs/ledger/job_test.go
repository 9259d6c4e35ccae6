package ledger_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

func TestJobs(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		members := ledger.Job{Name: "members", Definition: []byte("name: members\n"), Dir: "jobs", File: "members.yaml", Template: version}
		tables := ledger.Job{Name: "Ärger & Söhne", Definition: []byte("source: tables\n"), Dir: "/srv", File: "t.yaml"}
		must(t, db.SaveJob(ctx, members))
		must(t, db.SaveJob(ctx, tables))
		members.Added, tables.Added = now.UTC(), now.UTC()
		got, err := db.Job(ctx, "members")
		must(t, err)
		if diff := cmp.Diff(members, got); diff != "" {
			t.Errorf("the job differs (-want +got):\n%s", diff)
		}

		run := finished(t, db, key("a"), rows(1, 4, "x")...)
		members.Definition, members.Dir = []byte("name: members\nserial: x\n"), "."
		must(t, db.SaveJob(ctx, members)) // in the place of the first
		list, err := db.Jobs(ctx)
		must(t, err)
		if len(list) != 2 || list[0].LastRun != nil && list[1].LastRun != nil {
			t.Fatalf("jobs are %+v", list)
		}
		for _, j := range list {
			want := tables
			if j.Name == "members" {
				want = members
				if j.LastRun == nil || j.LastRun.ID != run || j.LastRun.Count.Made != 3 {
					t.Errorf("the last run is %+v", j.LastRun)
				}
				j.LastRun = nil
			}
			if diff := cmp.Diff(want, j); diff != "" {
				t.Errorf("the job differs (-want +got):\n%s", diff)
			}
		}

		passes, err := db.RemoveJob(ctx, "members")
		if err != nil || passes != 3 {
			t.Errorf("removed with %d passes, %v", passes, err)
		}
		for _, err := range []error{second(db.RemoveJob(ctx, "members")), second(db.Job(ctx, "members"))} {
			if !errors.Is(err, jobs.ErrNotFound) {
				t.Errorf("a job that was removed: %v", err)
			}
		}
		if n := number(t, dsn, `SELECT COUNT(*) FROM passes`); n != 3 {
			t.Errorf("%d passes remain, want 3", n)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestTemplateFiles(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		name, files, err := db.TemplateFiles(t.Context(), version)
		must(t, err)
		want := map[string][]byte{"template.json": []byte("{}"), "icon.png": {}}
		if diff := cmp.Diff(want, files); diff != "" || name != "card" {
			t.Errorf("%s: (-want +got):\n%s", name, diff)
		}
		if _, _, err := db.TemplateFiles(t.Context(), hash("another")); !errors.Is(err, jobs.ErrNotFound) {
			t.Errorf("a version that is not there: %v", err)
		}
	})
}
