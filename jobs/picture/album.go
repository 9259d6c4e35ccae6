package picture

import (
	"context"
	"crypto/sha256"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"passmill/jobs"
)

const (
	groupSize = 32       // images that are looked up and taken in together
	fetchers  = 8        // of them at once: most of the time is waiting
	saveBytes = 8 << 20  // prepared images that are kept in one transaction
	memory    = 32 << 20 // for what has been found in a run, in bytes
)

// A Store keeps prepared images. The ledger is one.
type Store interface {
	// LackingImages returns those of the ids that are not kept.
	LackingImages(ctx context.Context, ids []jobs.Hash) ([]jobs.Hash, error)
	// SaveImages keeps images, each once, however often it is tried.
	SaveImages(ctx context.Context, images []jobs.Image) error
}

// An Album takes the images of rows in: it implements [jobs.Images]. An image
// that was taken in before costs a hash of its bytes and no more. What one name
// stands for is asked once in the life of an album, as long as it can be kept in
// mind: so a run uses one version of each file.
//
// Take must not be called twice at once.
type Album struct {
	Folder  *Folder
	Fetcher *Fetcher // asked for web addresses; its list of hosts may be empty
	Store   Store    // nil: everything is prepared, to see whether it can be, and nothing is kept

	known *recent[jobs.WantedImage, jobs.FoundImage]
}

// Take implements [jobs.Images].
func (a *Album) Take(ctx context.Context, wanted []jobs.WantedImage) ([]jobs.FoundImage, error) {
	if a.known == nil {
		a.known = newRecent[jobs.WantedImage, jobs.FoundImage](memory)
	}
	found := make([]jobs.FoundImage, len(wanted))
	var open []int
	for i, w := range wanted {
		var ok bool
		if found[i], ok = a.known.get(w); !ok {
			open = append(open, i)
		}
	}
	for group := range slices.Chunk(open, groupSize) {
		taken := make([]*taking, len(group))
		for i, place := range group {
			taken[i] = &taking{wanted: wanted[place]}
		}
		if err := a.take(ctx, taken); err != nil {
			return nil, err
		}
		for i, place := range group {
			found[place] = taken[i].found
			a.remember(taken[i])
		}
	}
	return found, nil
}

func (a *Album) remember(t *taking) {
	weight := 200 + len(t.wanted.Name)
	for _, f := range t.found.Findings {
		weight += 100 + len(f.Message) + len(f.Fix)
	}
	a.known.put(t.wanted, t.found, weight)
}

// A taking is an image on its way in.
type taking struct {
	wanted jobs.WantedImage
	found  jobs.FoundImage
	sum    [sha256.Size]byte
	data   []byte // if it came over the network; a file is read again
}

func (t *taking) refuse(problem *jobs.Finding) { t.found.Findings = []jobs.Finding{*problem} }

func (a *Album) take(ctx context.Context, group []*taking) error {
	each(fetchers, group, func(t *taking) { a.find(ctx, t) })
	if err := ctx.Err(); err != nil {
		return err // and not what it did to the requests
	}
	lacking, err := a.lacking(ctx, group)
	if err != nil {
		return err
	}
	return a.prepare(ctx, lacking)
}

// each calls do for all of a list, so many at once.
func each[T any](workers int, list []T, do func(T)) {
	var group sync.WaitGroup
	next := make(chan T)
	for range min(workers, len(list)) {
		group.Go(func() {
			for v := range next {
				do(v)
			}
		})
	}
	for _, v := range list {
		next <- v
	}
	close(next)
	group.Wait()
}

// find hashes what a name stands for.
func (a *Album) find(ctx context.Context, t *taking) {
	var problem *jobs.Finding
	if isAddress(t.wanted.Name) {
		if t.data, problem = a.Fetcher.fetch(ctx, t.wanted.Name); problem == nil {
			t.sum = sha256.Sum256(t.data)
		}
	} else {
		t.sum, problem = a.Folder.sum(t.wanted.Name)
	}
	if problem != nil {
		t.refuse(problem)
		return
	}
	t.found.ID = idOf(t.wanted.Slot, t.sum)
}

// lacking returns those that have to be prepared, by id: several names may stand
// for equal bytes.
func (a *Album) lacking(ctx context.Context, group []*taking) (map[jobs.Hash][]*taking, error) {
	all := make(map[jobs.Hash][]*taking)
	var ids []jobs.Hash
	for _, t := range group {
		if t.found.Findings != nil {
			continue
		}
		if all[t.found.ID] == nil {
			ids = append(ids, t.found.ID)
		}
		all[t.found.ID] = append(all[t.found.ID], t)
	}
	if a.Store == nil || len(ids) == 0 {
		return all, nil
	}
	lacking, err := a.Store.LackingImages(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("look for images that were taken in before: %w", err)
	}
	for _, id := range ids {
		if !slices.Contains(lacking, id) {
			delete(all, id)
		}
	}
	return all, nil
}

// prepare prepares images on all cores and keeps them, some at a time, so that
// what waits to be kept takes little memory.
func (a *Album) prepare(ctx context.Context, lacking map[jobs.Hash][]*taking) error {
	var list [][]*taking
	for _, same := range lacking {
		list = append(list, same)
	}
	made := make(chan jobs.Image)
	go func() {
		defer close(made)
		each(runtime.GOMAXPROCS(0), list, func(same []*taking) {
			if ctx.Err() != nil {
				return
			}
			if image, ok := a.prepareOne(same); ok {
				made <- image
			}
		})
	}()
	var images []jobs.Image
	var failed error
	size := 0
	save := func() {
		if a.Store != nil && len(images) > 0 && failed == nil {
			failed = a.Store.SaveImages(ctx, images)
		}
		images, size = nil, 0
	}
	for image := range made {
		images = append(images, image)
		if size += image.Size(); size >= saveBytes {
			save()
		}
	}
	save()
	if failed != nil {
		return fmt.Errorf("keep images: %w", failed)
	}
	return ctx.Err()
}

func (a *Album) prepareOne(same []*taking) (jobs.Image, bool) {
	first := same[0]
	data, problem := first.data, (*jobs.Finding)(nil)
	if data == nil {
		data, problem = a.Folder.read(first.wanted.Name, first.sum)
	}
	findings := []jobs.Finding(nil)
	var image jobs.Image
	if problem != nil {
		findings = []jobs.Finding{*problem}
	} else {
		image, findings = Prepare(data, first.wanted.Slot)
	}
	for _, t := range same {
		t.found.Findings, t.data = findings, nil
	}
	bad := slices.ContainsFunc(findings, func(f jobs.Finding) bool { return f.Severity == jobs.Refused })
	return image, !bad
}
