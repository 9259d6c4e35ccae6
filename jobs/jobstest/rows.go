package jobstest

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"sync"
	"testing"

	"passmill/jobs"
)

// Rows is a source in memory: a header, and rows of text.
type Rows struct {
	Header []string
	List   [][]string
	Err    error // returned after the last row, if any
}

// Columns implements [jobs.Source].
func (r Rows) Columns() (columns []jobs.Column) {
	for i, name := range r.Header {
		columns = append(columns, jobs.Column{Name: name, Ref: string(rune('A' + i))})
	}
	return columns
}

// Rows implements [jobs.Source].
func (r Rows) Rows(ctx context.Context) iter.Seq2[jobs.Row, error] {
	return func(yield func(jobs.Row, error) bool) {
		for i, texts := range r.List {
			if err := ctx.Err(); err != nil {
				yield(jobs.Row{}, err)
				return
			}
			row := jobs.Row{Origin: jobs.Origin{File: "test.csv", Row: i + 2}}
			for _, text := range texts {
				row.Cells = append(row.Cells, jobs.Cell{Text: text, Kind: jobs.TextCell})
			}
			if !yield(row, nil) {
				return
			}
		}
		if r.Err != nil {
			yield(jobs.Row{}, r.Err)
		}
	}
}

// TestSource runs the contract of [jobs.Source] against a source with at least
// two rows.
func TestSource(t *testing.T, s jobs.Source) {
	first := readAll(t, s)
	if len(first) < 2 {
		t.Fatalf("got %d rows, want at least two", len(first))
	}
	if again := readAll(t, s); !slices.Equal(first, again) {
		t.Errorf("the second reading differs:\n%q\n%q", first, again)
	}
	for range s.Rows(t.Context()) {
		break // leaving early is allowed …
	}
	if again := readAll(t, s); !slices.Equal(first, again) { // … and leaves nothing behind
		t.Errorf("the reading after an early end differs:\n%q\n%q", first, again)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var last error
	for row, err := range s.Rows(ctx) {
		if last != nil {
			t.Errorf("after the error %v came another pair", last)
		}
		if err != nil && len(row.Cells) > 0 {
			t.Error("an error came with a row")
		}
		last = err
	}
	if last == nil {
		t.Error("an ended context went unnoticed")
	}
}

func readAll(t *testing.T, s jobs.Source) (rows []string) {
	t.Helper()
	number := 0
	for row, err := range s.Rows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if row.Origin.Row <= number || row.Origin.File == "" || len(row.Cells) > len(s.Columns()) {
			t.Errorf("row %d after row %d of file %q has %d cells", row.Origin.Row, number, row.Origin.File, len(row.Cells))
		}
		number = row.Origin.Row
		rows = append(rows, fmt.Sprint(row))
	}
	return rows
}

// A Shelf is a sink in memory. It is safe for concurrent use.
type Shelf struct {
	// Fail is asked before each Put, and its error is returned.
	Fail func() error
	Puts map[string]int // how often each name was put

	mu    sync.Mutex
	files map[string][]byte
}

// Put implements [jobs.Sink].
func (s *Shelf) Put(_ context.Context, passes iter.Seq[jobs.Pass]) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Fail != nil {
		if err := s.Fail(); err != nil {
			return err
		}
	}
	if s.files == nil {
		s.files, s.Puts = map[string][]byte{}, map[string]int{}
	}
	put := map[string][]byte{}
	for p := range passes {
		if !fs.ValidPath(p.Name) || p.Name == "." {
			return fmt.Errorf("bad name %q", p.Name)
		}
		put[p.Name] = slices.Clone(p.Data)
	}
	for name, data := range put {
		s.files[name] = data
		s.Puts[name]++
	}
	return nil
}

// Get implements [jobs.Sink].
func (s *Shelf) Get(_ context.Context, name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if data, ok := s.files[name]; ok {
		return data, nil
	}
	return nil, &fs.PathError{Op: "get", Path: name, Err: fs.ErrNotExist}
}

// Missing implements [jobs.Shelf].
func (s *Shelf) Missing(_ context.Context, names []string) (missing []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		if _, ok := s.files[name]; !ok {
			missing = append(missing, name)
		}
	}
	return missing, nil
}

// Remove implements [jobs.Shelf].
func (s *Shelf) Remove(_ context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, name)
	return nil
}

// List implements [jobs.Shelf].
func (s *Shelf) List(context.Context) iter.Seq2[string, error] {
	s.mu.Lock()
	names := slices.Sorted(maps.Keys(s.files))
	s.mu.Unlock()
	return func(yield func(string, error) bool) {
		for _, name := range names {
			if !yield(name, nil) {
				return
			}
		}
	}
}
