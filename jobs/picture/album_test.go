package picture_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"passmill/jobs"
	"passmill/jobs/picture"
)

// store keeps images in memory, and remembers how it was asked.
type store struct {
	mu      sync.Mutex
	kept    map[jobs.Hash]jobs.Image
	saved   int // images, counted as often as they came
	largest int // bytes of one call
	failing error
}

func newStore() *store { return &store{kept: map[jobs.Hash]jobs.Image{}} }

func (s *store) LackingImages(_ context.Context, ids []jobs.Hash) ([]jobs.Hash, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(ids), func(id jobs.Hash) bool { _, ok := s.kept[id]; return ok }), nil
}

func (s *store) SaveImages(_ context.Context, images []jobs.Image) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	size := 0
	for _, m := range images {
		s.kept[m.ID] = m
		s.saved++
		size += m.Size()
	}
	s.largest = max(s.largest, size)
	return s.failing
}

// TestTake checks that each image is prepared once, whatever it is called and
// however often it is asked for, and that what is kept is not prepared again.
func TestTake(t *testing.T) {
	files := map[string][]byte{}
	var wanted []jobs.WantedImage
	for i := range 100 {
		name := fmt.Sprintf("%d.png", i)
		files[name] = pngOf(t, gradient(100+i%20, 100)) // five of each
		wanted = append(wanted, jobs.WantedImage{Slot: "thumbnail", Name: name})
	}
	wanted = append(wanted, jobs.WantedImage{Slot: "logo", Name: "0.png"}, jobs.WantedImage{Slot: "logo", Name: "missing.png"})
	a, dir := album(t, files)
	s := newStore()
	a.Store = s
	found, err := a.Take(t.Context(), wanted)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.kept) != 21 || s.saved > 21*4 { // equal ones of different groups may come twice, never of one
		t.Errorf("%d images are kept after %d were saved, want 21", len(s.kept), s.saved)
	}
	for i, f := range found[:101] {
		if _, ok := s.kept[f.ID]; !ok || refusal(f.Findings) != "" {
			t.Fatalf("image %d is not kept: %v", i, f.Findings)
		}
		if i < 100 && f.ID != found[i%20].ID {
			t.Errorf("image %d has another id than image %d with its bytes", i, i%20)
		}
	}
	if refusal(found[101].Findings) != "image-missing" {
		t.Errorf("the missing one: %v", found[101].Findings)
	}

	// A run goes on with what it has seen, whatever happens to the files.
	before := s.saved
	if err := os.WriteFile(filepath.Join(dir, "0.png"), []byte("changed"), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := a.Take(t.Context(), wanted)
	if err != nil || again[0].ID != found[0].ID || s.saved != before {
		t.Errorf("taken again: id %x, want %x; %d saved (%v)", again[0].ID, found[0].ID, s.saved-before, err)
	}
	// The next one sees the change, and prepares nothing that is kept.
	b := &picture.Album{Folder: a.Folder, Fetcher: a.Fetcher, Store: s}
	next, err := b.Take(t.Context(), wanted)
	if err != nil || refusal(next[0].Findings) != "image-type" || next[1].ID != found[1].ID || s.saved != before {
		t.Errorf("the next run: %v, %x, %d saved (%v)", next[0].Findings, next[1].ID, s.saved-before, err)
	}
}

// TestTakeFails checks that a ledger which fails is no fault of the images, and
// that nothing goes on after the end of the context.
func TestTakeFails(t *testing.T) {
	a, _ := album(t, nil)
	s := newStore()
	s.failing = errors.New("the disk is full")
	a.Store = s
	wanted := []jobs.WantedImage{{Slot: "thumbnail", Name: "anna.png"}}
	if _, err := a.Take(t.Context(), wanted); !errors.Is(err, s.failing) {
		t.Errorf("got error %v, want %v", err, s.failing)
	}
	s.failing = nil
	if found, err := a.Take(t.Context(), wanted); err != nil || found[0].Findings != nil {
		t.Errorf("afterwards: %v, %v", found, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b, _ := album(t, nil)
	if _, err := b.Take(ctx, wanted); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of ctx: %v", err)
	}
}

// TestSaveInParts checks that what waits to be kept does not grow with the
// number of images.
func TestSaveInParts(t *testing.T) {
	files := map[string][]byte{}
	var wanted []jobs.WantedImage
	for i := range 5 {
		img := gradient(1125, 432)
		state := uint32(i + 1)
		for j := range img.Pix {
			state = state*1664525 + 1013904223
			if j%4 < 3 {
				img.Pix[j] = byte(state >> 24)
			}
		}
		name := fmt.Sprintf("%d.png", i)
		files[name] = pngOf(t, img)
		wanted = append(wanted, jobs.WantedImage{Slot: "strip", Name: name})
	}
	a, _ := album(t, files)
	s := newStore()
	a.Store = s
	if _, err := a.Take(t.Context(), wanted); err != nil {
		t.Fatal(err)
	}
	if s.saved != 5 || s.largest > 12<<20 {
		t.Errorf("%d images were saved, up to %d MiB at once", s.saved, s.largest>>20)
	}
}

// TestCache checks that what was used last stays, and that it stays below its
// bound.
func TestCache(t *testing.T) {
	loads := 0
	c := picture.NewCache(100, func(_ context.Context, id jobs.Hash) (*jobs.Image, error) {
		loads++
		if id[0] == 9 {
			return nil, jobs.ErrNotFound
		}
		return &jobs.Image{ID: id, Files: [jobs.ImageScales][]byte{make([]byte, 30)}}, nil
	})
	for _, step := range []struct {
		id    byte
		loads int // after it
	}{{1, 1}, {2, 2}, {3, 3}, {1, 3}, {4, 4}, {1, 4}, {3, 4}, {2, 5}, {4, 6}, {9, 7}, {9, 8}} {
		m, err := c.Image(t.Context(), jobs.Hash{step.id})
		if (err != nil) != (step.id == 9) || err == nil && m.ID[0] != step.id {
			t.Fatalf("image %d: got %v, %v", step.id, m, err)
		}
		if loads != step.loads {
			t.Errorf("after %d there were %d loads, want %d", step.id, loads, step.loads)
		}
	}
}
