package jobs_test

import (
	"context"
	"iter"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passmill/jobs"
)

// lists is a source of two rows whose second column is a list from another sheet;
// the second row has a problem there.
type lists struct{}

func (lists) Columns() []jobs.Column {
	return []jobs.Column{{Name: "Serial", Ref: "A"}, {Name: "headerFields"}}
}

func (lists) Rows(ctx context.Context) iter.Seq2[jobs.Row, error] {
	return func(yield func(jobs.Row, error) bool) {
		fields := jobs.Origin{File: "m.xlsx", Sheet: "Fields"}
		at := func(row int) jobs.Origin {
			o := fields
			o.Row = row
			return o
		}
		row := func(n int, serial string) jobs.Row {
			return jobs.Row{
				Origin: jobs.Origin{File: "m.xlsx", Sheet: "Passes", Row: n},
				Cells:  []jobs.Cell{{Text: serial, Kind: jobs.TextCell}, {Text: `[{"key":"a"},{"key":"b"}]`, Kind: jobs.ListCell}},
				Lists:  []jobs.List{{Cell: 1, Rows: []jobs.Origin{at(7), at(4)}, Columns: map[string]string{"key": "C", "dateStyle": "H"}}},
			}
		}
		bad := row(3, "2")
		o := at(9)
		o.Column = "A"
		bad.Problems = []jobs.Problem{{Origin: o, Field: "section", Code: "unknown-section", Severity: jobs.Refused}}
		_ = yield(row(2, "1"), nil) && yield(bad, nil)
	}
}

// TestImportLists checks that what is wrong with an element of a list is told of the
// cell that it comes from, and that a row with a problem of its source is refused.
func TestImportLists(t *testing.T) {
	src := lists{}
	schema, err := jobs.NewSchema([]jobs.Field{{Name: "Serial"}, {Name: "headerFields", Type: jobs.TypeJSON}}, src.Columns(), nil)
	if err != nil {
		t.Fatal(err)
	}
	names, err := jobs.ParsePattern(jobs.DefaultName)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	im := &jobs.Importer{
		Source: src, Schema: schema, Serial: 0, Bundle: -1, Names: names,
		Preflight: func([]jobs.Value, string) []jobs.Finding {
			var found []jobs.Finding
			for _, inside := range []string{"[1].dateStyle", "[0].key", "[1].semantics.seats[0]", "", "[9].key"} {
				found = append(found, jobs.Finding{Fields: []string{"headerFields"}, Inside: inside, Code: "x", Severity: jobs.Advice})
			}
			return append(found, jobs.Finding{Fields: []string{"Serial"}, Inside: "[0]", Code: "x", Severity: jobs.Advice})
		},
		Report: func(p jobs.Problem) { got = append(got, p.Origin.String()+" "+p.Serial) },
	}
	count, err := im.Import(t.Context(), 0)
	if err != nil || count.Made != 1 || count.Refused != 1 {
		t.Fatalf("got %+v, %v", count, err)
	}
	want := []string{
		"m.xlsx, Fields!H4 1", "m.xlsx, Fields!C7 1", "m.xlsx, Fields, row 4 1", "m.xlsx, Fields, row 4 1", "m.xlsx, Fields, row 4 1", "m.xlsx, Passes!A2 1",
		"m.xlsx, Fields!A9 2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// serialsOnly is a source of rows that have nothing but a serial number.
type serialsOnly []string

func (serialsOnly) Columns() []jobs.Column { return []jobs.Column{{Name: "Serial", Ref: "A"}} }

func (s serialsOnly) Rows(context.Context) iter.Seq2[jobs.Row, error] {
	return func(yield func(jobs.Row, error) bool) {
		for i, serial := range s {
			row := jobs.Row{Origin: jobs.Origin{Row: i + 2}, Cells: []jobs.Cell{{Text: serial, Kind: jobs.TextCell}}}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// TestImportDuplicates: both rows of a pair are told with their serial number, but
// for the first one where it may be written in other letters than the second.
func TestImportDuplicates(t *testing.T) {
	const fix = "give each row a serial number of its own"
	const letters = fix + "; capital and small letters count as the same"
	for pattern, want := range map[string][]jobs.Problem{
		jobs.DefaultName: {
			{Origin: jobs.Origin{Row: 3}, Serial: "0002", Fix: fix, Value: "0002"}, {Origin: jobs.Origin{Row: 5}, Serial: "AB", Fix: letters, Value: "AB"},
			{Origin: jobs.Origin{Row: 2}, Serial: "0002", Fix: fix, Value: "0002"}, {Origin: jobs.Origin{Row: 4}, Fix: letters},
		},
		"{hash}.pkpass": {
			{Origin: jobs.Origin{Row: 3}, Serial: "0002", Fix: fix, Value: "0002"}, {Origin: jobs.Origin{Row: 2}, Serial: "0002", Fix: fix, Value: "0002"},
		},
	} {
		src := serialsOnly{"0002", "0002", "ab", "AB"}
		schema, err := jobs.NewSchema([]jobs.Field{{Name: "Serial"}}, src.Columns(), nil)
		if err != nil {
			t.Fatal(err)
		}
		names, err := jobs.ParsePattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		var got []jobs.Problem
		im := &jobs.Importer{Source: src, Schema: schema, Bundle: -1, Names: names, Report: func(p jobs.Problem) {
			got = append(got, jobs.Problem{Origin: jobs.Origin{Row: p.Origin.Row}, Serial: p.Serial, Fix: p.Fix, Value: p.Value})
		}}
		if _, err := im.Import(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", pattern, diff)
		}
	}
}
