package jobs_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"

	"passmill/jobs"
)

// versioned is a source whose rows have marks, keys and problems of their own.
type versioned []jobs.Row

func (versioned) Columns() []jobs.Column { return []jobs.Column{{Name: "ID"}} }

func (v versioned) Rows(context.Context) iter.Seq2[jobs.Row, error] {
	return func(yield func(jobs.Row, error) bool) {
		for i, row := range v {
			row.Origin = jobs.Origin{File: "m.db", Row: i + 1, Key: "id=" + row.Cells[0].Text}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// TestTaken: a source hears what became of the versions of its rows, and the
// problems that it has with a row refuse it.
func TestTaken(t *testing.T) {
	row := func(id, mark string, problems ...jobs.Problem) jobs.Row {
		return jobs.Row{Cells: []jobs.Cell{text(id)}, Mark: mark, Problems: problems}
	}
	source := versioned{
		row("a", "1"), row("b", "2", jobs.Problem{Severity: jobs.Advice}), row("c", "3", jobs.Problem{Severity: jobs.Refused, Message: "two gates"}),
		row("d", "4"), row("D", "5"),
	}
	schema, err := jobs.NewSchema([]jobs.Field{{Name: "ID"}}, source.Columns(), nil)
	if err != nil {
		t.Fatal(err)
	}
	names, err := jobs.ParsePattern("{serial}.pkpass")
	if err != nil {
		t.Fatal(err)
	}
	var taken, told []string
	var untaken []int
	in := &jobs.Importer{
		Source: source, Schema: schema, Bundle: -1, Names: names,
		Taken: func(s jobs.Staged, mark string) error {
			taken = append(taken, fmt.Sprintln(s.Row, s.Serial, mark, s.Fingerprint != jobs.Hash{}))
			return nil
		},
		Untaken: func(rows []int) { untaken = append(untaken, rows...) },
		Report:  func(p jobs.Problem) { told = append(told, fmt.Sprint(p.Origin, " ", p.Serial, " ", p.Severity)) },
	}
	count, err := in.Import(t.Context(), 0)
	if want := (jobs.Count{Rows: 5, Made: 2, Refused: 3}); err != nil || count != want {
		t.Errorf("got %+v, %v; want %+v", count, err, want)
	}
	if want := []string{"1 a 1 true\n", "2 b 2 true\n", "4 d 4 true\n"}; !slices.Equal(taken, want) {
		t.Errorf("taken %q, want %q", taken, want)
	}
	if !slices.Equal(untaken, []int{4}) {
		t.Errorf("untaken %v, want the first of the two rows", untaken)
	}
	want := []string{" b advice", " c refused", "m.db, row 5 (id=D) D refused", "m.db, row 4  refused"}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
