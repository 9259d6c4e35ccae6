package jobs_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/jobstest"
)

// gallery is [jobs.Images] in memory: a name stands for bytes, by the map.
type gallery struct {
	bytes  map[string]string
	taken  [][]jobs.WantedImage
	kept   map[jobs.Hash]*jobs.Image
	failed error
}

func (g *gallery) Take(_ context.Context, wanted []jobs.WantedImage) ([]jobs.FoundImage, error) {
	g.taken = append(g.taken, wanted)
	found := make([]jobs.FoundImage, len(wanted))
	for i, w := range wanted {
		content, ok := g.bytes[w.Name]
		if !ok {
			found[i].Findings = []jobs.Finding{{Code: "image-missing", Severity: jobs.Refused, Message: "is missing", Fix: "add it"}}
			continue
		}
		if content == "small" {
			found[i].Findings = []jobs.Finding{{Code: "image-small", Severity: jobs.LooksWrong, Message: "is small"}}
		}
		sum := sha256.Sum256([]byte(w.Slot + content))
		found[i].ID = jobs.Hash(sum[:16])
		g.kept[found[i].ID] = &jobs.Image{ID: found[i].ID, Files: [jobs.ImageScales][]byte{nil, []byte(content), nil}}
	}
	return found, g.failed
}

func (g *gallery) image(_ context.Context, id jobs.Hash) (*jobs.Image, error) {
	if m, ok := g.kept[id]; ok {
		return m, g.failed
	}
	return nil, jobs.ErrNotFound
}

// An exhibition is a job whose rows bring images.
type exhibition struct {
	gallery
	ledger jobstest.Ledger
	shelf  jobstest.Shelf
	told   []string
}

// files is an archive that tells absent files from others.
type files struct{ plain }

func (files) Manifest(contents [][]byte) []byte { return fmt.Appendf(nil, "%q", contents) }

func (e *exhibition) run(t *testing.T, rows ...string) (jobs.Run, error) {
	t.Helper()
	source := jobstest.Rows{Header: []string{"ID", "Photo", "Logo"}}
	for _, r := range rows {
		source.List = append(source.List, strings.Split(r, ","))
	}
	schema, err := jobs.NewSchema([]jobs.Field{
		{Name: "ID"}, {Name: "Photo", Type: jobs.TypeImage, Slot: "thumbnail", Optional: true}, {Name: "Logo", Type: jobs.TypeImage, Slot: "logo", Optional: true},
	}, source.Columns(), nil)
	if err != nil {
		t.Fatal(err)
	}
	names, err := jobs.ParsePattern(jobs.DefaultName)
	if err != nil {
		t.Fatal(err)
	}
	e.told, e.taken = nil, nil
	if e.kept == nil {
		e.kept = map[jobs.Hash]*jobs.Image{}
	}
	tell := func(p jobs.Problem) {
		e.told = append(e.told, fmt.Sprintf("%s %s %q", p.String(), p.Severity, p.Value))
	}
	target := jobs.Target{Job: "test", TypeID: "pass.test", Sink: "shelf"}
	r := &jobs.Runner{
		Key: jobs.RunKey{Job: "test"}, Runs: &e.ledger, Book: &e.ledger, Policy: jobs.Policy{Share: 1}, Workers: 1, Now: time.Now, Report: tell,
		Importer: &jobs.Importer{
			Target: target, Source: source, Schema: schema, Bundle: -1, Names: names,
			Snapshot: &e.ledger, Missing: e.shelf.Missing, Report: tell, Images: &e.gallery,
		},
		Presser: &jobs.Presser{
			Target: target, Fields: schema.Fields, Archive: files{}, Signer: &pen{}, Sink: &e.shelf, Image: e.image,
			Fill: func(_ []jobs.Value, serial string) ([][]byte, error) { return [][]byte{[]byte(serial)}, nil },
		},
	}
	return r.Run(t.Context())
}

// TestImages checks that a pass depends on the bytes of its images and not on
// their names, that each is taken once in a batch, and what pressing gets.
func TestImages(t *testing.T) {
	var e exhibition
	e.bytes = map[string]string{"a": "anna", "b": "bert", "c": "anna", "s": "small"}
	run, err := e.run(t, "1,a,", "2,b,a", "3,,", "4,c,", "5,s,", "6,a,")
	if err != nil || run.Count != (jobs.Count{Rows: 6, Made: 6}) {
		t.Fatalf("got %+v, %v", run.Count, err)
	}
	want := []jobs.WantedImage{{Slot: "thumbnail", Name: "a"}, {Slot: "thumbnail", Name: "b"}, {Slot: "logo", Name: "a"}, {Slot: "thumbnail", Name: "c"}, {Slot: "thumbnail", Name: "s"}}
	if len(e.taken) != 1 || !slices.Equal(e.taken[0], want) {
		t.Errorf("wanted were %v, want %v once", e.taken, want)
	}
	if len(e.told) != 1 || !strings.HasSuffix(e.told[0], `Photo: is small looks wrong "s"`) {
		t.Errorf("told %q, want that one is small", e.told)
	}
	for serial, want := range map[string]string{"2": `["2" "" "bert" "" "" "anna" ""]`, "3": `["3" "" "" "" "" "" ""]`} {
		data, err := e.shelf.Get(t.Context(), serial+".pkpass")
		if err != nil || !strings.HasPrefix(string(data), want) {
			t.Errorf("pass %s: got %s (%v), want %s", serial, data, err, want)
		}
	}
	e.bytes["d"] = "anna" // another name for the same
	run, err = e.run(t, "1,d,", "2,b,a", "3,,", "4,a,", "5,s,", "6,a,")
	if err != nil || run.Count != (jobs.Count{Rows: 6, Unchanged: 6}) {
		t.Errorf("other names: got %+v, %v", run.Count, err)
	}
	e.bytes["b"] = "bertha"
	run, err = e.run(t, "1,d,", "2,b,a", "3,b,", "4,a,", "5,s,", "6,,a")
	if err != nil || run.Count != (jobs.Count{Rows: 6, Made: 3, Unchanged: 3}) {
		t.Errorf("other bytes: got %+v, %v", run.Count, err)
	}
}

// TestImageFails checks that one image refuses its row, with what its cell says,
// and that a ledger which fails stops the run.
func TestImageFails(t *testing.T) {
	var e exhibition
	e.bytes = map[string]string{"a": "anna"}
	run, err := e.run(t, "1,a,gone", "2,gone,gone", "3,a,", ",gone,")
	if err != nil || run.Count != (jobs.Count{Rows: 4, Made: 1, Refused: 3}) {
		t.Fatalf("got %+v, %v", run.Count, err)
	}
	if len(e.told) != 5 {
		t.Errorf("told %q, want five problems, those of the row without a serial number among them", e.told)
	}
	for _, line := range e.told[:3] {
		if !strings.HasSuffix(line, `is missing; add it refused "gone"`) {
			t.Errorf("told %q, want what the cell says", line)
		}
	}
	e.kept = map[jobs.Hash]*jobs.Image{}
	e.failed = errors.New("the disk is full")
	if _, err := e.run(t, "1,a,"); !errors.Is(err, e.failed) {
		t.Errorf("got error %v, want %v", err, e.failed)
	}
}
