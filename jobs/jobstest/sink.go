// Package jobstest holds the conformance tests of the interfaces of package
// jobs, one function each, and fakes for tests that need one. A new back end
// runs the function with twenty lines of its own.
package jobstest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"testing"

	"passmill/jobs"
)

// TestShelf runs the contract of [jobs.Shelf] and [jobs.Sink] against the empty
// shelves that open returns.
func TestShelf(t *testing.T, open func(t *testing.T) jobs.Shelf) {
	t.Run("put and get", func(t *testing.T) { putAndGet(t, open(t)) })
	t.Run("put twice", func(t *testing.T) { putTwice(t, open(t)) })
	t.Run("list and remove", func(t *testing.T) { listAndRemove(t, open(t)) })
	t.Run("concurrent", func(t *testing.T) { concurrent(t, open(t)) })
	t.Run("names stay inside", func(t *testing.T) { namesStayInside(t, open(t)) })
}

func putAndGet(t *testing.T, s jobs.Shelf) {
	ctx := t.Context()
	if _, err := s.Get(ctx, "a.pkpass"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Get of nothing: got error %v, want fs.ErrNotExist", err)
	}
	buffer := make([]byte, 3) // valid until the next step only
	passes := func(yield func(jobs.Pass) bool) {
		copy(buffer, "one")
		if yield(jobs.Pass{Name: "a.pkpass", Data: buffer}) {
			copy(buffer, "two")
			yield(jobs.Pass{Name: "x/y/b.pkpass", Data: buffer})
		}
	}
	if err := s.Put(ctx, passes); err != nil {
		t.Fatal(err)
	}
	copy(buffer, "XXX")
	for name, want := range map[string]string{"a.pkpass": "one", "x/y/b.pkpass": "two"} {
		got, err := s.Get(ctx, name)
		if err != nil || string(got) != want {
			t.Errorf("Get(%q) = %q, %v; want %q", name, got, err, want)
		}
	}
	if err := s.Put(ctx, jobs.Passes()); err != nil {
		t.Errorf("Put of nothing: %v", err)
	}
}

func putTwice(t *testing.T, s jobs.Shelf) {
	for _, text := range []string{"first", "the second, which is longer", "3rd"} {
		if err := s.Put(t.Context(), jobs.Passes(jobs.Pass{Name: "a.pkpass", Data: []byte(text)})); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Get(t.Context(), "a.pkpass"); err != nil || string(got) != text {
			t.Errorf("got %q, %v; want %q", got, err, text)
		}
	}
}

func listAndRemove(t *testing.T, s jobs.Shelf) {
	ctx := t.Context()
	names := []string{"a.pkpass", "b.pkpass", "c/d.pkpass"}
	for _, name := range names {
		if err := s.Put(ctx, jobs.Passes(jobs.Pass{Name: name, Data: []byte(name)})); err != nil {
			t.Fatal(err)
		}
	}
	if got := list(t, s); !slices.Equal(got, names) {
		t.Errorf("List: got %q, want %q", got, names)
	}
	missing, err := s.Missing(ctx, []string{"a.pkpass", "e.pkpass", "c/d.pkpass", "c/f.pkpass"})
	if want := []string{"e.pkpass", "c/f.pkpass"}; err != nil || !slices.Equal(missing, want) {
		t.Errorf("Missing = %q, %v; want %q", missing, err, want)
	}
	for range 2 { // removing what is not there is no error
		if err := s.Remove(ctx, "b.pkpass"); err != nil {
			t.Errorf("Remove: %v", err)
		}
	}
	if got, want := list(t, s), []string{"a.pkpass", "c/d.pkpass"}; !slices.Equal(got, want) {
		t.Errorf("List after Remove: got %q, want %q", got, want)
	}
	for range s.List(ctx) {
		break // leaving early is allowed
	}
}

func list(t *testing.T, s jobs.Shelf) (names []string) {
	for name, err := range s.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// concurrent has eight writers put to the same few names and readers look on: a
// reader must see whole passes only.
func concurrent(t *testing.T, s jobs.Shelf) {
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	for w := range 8 {
		writers.Go(func() {
			for i := range 20 {
				data := bytes.Repeat([]byte{byte('a' + w)}, 5000+100*i)
				if err := s.Put(t.Context(), jobs.Passes(jobs.Pass{Name: fmt.Sprintf("%d.pkpass", i%3), Data: data})); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				data, err := s.Get(t.Context(), "0.pkpass")
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if err != nil || len(data) < 5000 || bytes.Count(data, data[:1]) != len(data) {
					t.Errorf("read a pass of %d bytes that is not whole (%v)", len(data), err)
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
}

func namesStayInside(t *testing.T, s jobs.Shelf) {
	for _, name := range []string{"../out.pkpass", "/tmp/out.pkpass", "a/../../out.pkpass", ""} {
		if err := s.Put(t.Context(), jobs.Passes(jobs.Pass{Name: name, Data: []byte("x")})); err == nil {
			t.Errorf("Put took the name %q", name)
		}
	}
	if got := list(t, s); len(got) != 0 {
		t.Errorf("a refused Put left %q", got)
	}
}
