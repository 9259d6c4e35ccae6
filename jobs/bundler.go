package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// A Bundle is a group of passes that is delivered as one file, or as several
// where it is too large for one.
type Bundle struct {
	Key     string   // the value that its passes share
	Members []Member // by rising serial number; none if the bundle is to go
}

// A Member is a pass in a [Bundle].
type Member struct {
	Serial string
	Name   string // of its artefact in the sink
}

// A BundleBook is what a [Bundler] needs of the ledger. Every method is safe to
// repeat.
type BundleBook interface {
	// Bundles returns up to limit bundles, by rising key from the first after
	// the key after, whose passes have changed since they were made last. One
	// that lost its last pass has no members.
	Bundles(ctx context.Context, job, sink, after string, limit int) ([]Bundle, error)
	// BundlesMade records, in one transaction, of which files bundles consist,
	// whole and durable. Files that they consisted of before become leftovers.
	// A bundle without files is forgotten.
	BundlesMade(ctx context.Context, job, sink string, made []BundleParts) error
}

// BundleParts are the names of the files that a bundle consists of.
type BundleParts struct {
	Key   string
	Parts []string
}

// A LeftoverBook knows the files that no pass and no bundle claims any longer.
type LeftoverBook interface {
	// Leftovers returns the names of some of them; none if there are no more.
	Leftovers(ctx context.Context, sink string) ([]string, error)
	// LeftoverGone records that files were removed.
	LeftoverGone(ctx context.Context, sink string, names []string) error
}

// A Bundler makes the bundles of a job whose passes have changed.
type Bundler struct {
	Target Target
	Book   BundleBook
	Sink   Sink
	// Pack makes one bundle file of passes; MaxPasses and MaxBytes are what
	// Apple allows in one.
	Pack      func(names []string, passes [][]byte) ([]byte, error)
	MaxPasses int
	MaxBytes  int
}

// bundlePage is how many bundles are asked for, delivered and recorded at once.
const bundlePage = 100

// Make makes every bundle that has to be made again.
func (b *Bundler) Make(ctx context.Context) error {
	after := ""
	for {
		page, err := b.Book.Bundles(ctx, b.Target.Job, b.Target.Sink, after, bundlePage)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := b.makePage(ctx, page); err != nil {
			return fmt.Errorf("make bundles: %w", err)
		}
		after = page[len(page)-1].Key
	}
}

// makePage makes some bundles. All their files share the syncs of one delivery,
// and are packed one at a time while the sink takes them.
func (b *Bundler) makePage(ctx context.Context, page []Bundle) error {
	made := make([]BundleParts, len(page))
	var failed error
	files := func(yield func(Pass) bool) {
		for i, bundle := range page {
			made[i].Key = bundle.Key
			if failed = b.pack(ctx, bundle, &made[i], yield); failed != nil {
				return
			}
		}
	}
	if err := errors.Join(b.Sink.Put(ctx, files), failed); err != nil {
		return err
	}
	return b.Book.BundlesMade(ctx, b.Target.Job, b.Target.Sink, made)
}

// errEnough means that the sink takes no more.
var errEnough = errors.New("the sink takes no more")

// pack yields the files of one bundle, each filled up to the limits, and notes
// their names. A member whose file is gone is left out: it comes back when its
// pass is made again.
func (b *Bundler) pack(ctx context.Context, bundle Bundle, made *BundleParts, yield func(Pass) bool) error {
	var names []string
	var passes [][]byte
	size := 0
	flush := func() error {
		if len(passes) == 0 {
			return nil
		}
		data, err := b.Pack(names, passes)
		if err != nil {
			return err
		}
		made.Parts = append(made.Parts, bundleName(b.Target.Job, bundle.Key, len(made.Parts)+1))
		names, passes, size = nil, nil, 0
		if !yield(Pass{Name: made.Parts[len(made.Parts)-1], Data: data}) {
			return errEnough
		}
		return nil
	}
	for _, m := range bundle.Members {
		data, err := b.Sink.Get(ctx, m.Name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
		if len(passes) == b.MaxPasses || size+len(data) > b.MaxBytes {
			if err := flush(); err != nil {
				return err
			}
		}
		names, passes = append(names, memberName(m.Name, len(names)+1)), append(passes, data)
		size += len(data)
	}
	return flush()
}

// bundleName returns the name of the n-th part of a bundle. Jobs that share an
// output have folders of their own; the hash keeps keys apart that differ only in
// letters' case.
func bundleName(job, key string, n int) string {
	hash := serialHash(key)
	name := fmt.Sprintf("bundles/%s/%s/%s-%s", escapeSerial(job), hash[:2], escapeSerial(key), hash[2:8])
	if n > 1 {
		name += fmt.Sprintf("+%d", n) // "+" is never in an escaped key
	}
	return name + ".pkpasses"
}

// memberName is the name of a pass inside its bundle: without folders, and
// unique even if two artefacts differ by their folders only.
func memberName(name string, n int) string {
	return fmt.Sprintf("%02d-%s", n, name[strings.LastIndexByte(name, '/')+1:])
}

// Sweep removes the leftovers of a sink: intent first, then effect, then the
// intent is done with.
func Sweep(ctx context.Context, book LeftoverBook, shelf Shelf, sink string) error {
	for {
		names, err := book.Leftovers(ctx, sink)
		if err != nil || len(names) == 0 {
			return err
		}
		for _, name := range names {
			if err := shelf.Remove(ctx, name); err != nil {
				return fmt.Errorf("remove a file that no pass claims any longer: %w", err)
			}
		}
		if err := book.LeftoverGone(ctx, sink, names); err != nil {
			return err
		}
	}
}
