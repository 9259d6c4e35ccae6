package jobs

import (
	"context"
	"errors"
	"fmt"
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
	// BundleMade records that the bundle consists of the files parts, whole
	// and durable. Files that it consisted of before become leftovers.
	BundleMade(ctx context.Context, job, sink, key string, parts []string) error
}

// A LeftoverBook knows the files that no pass and no bundle claims any longer.
type LeftoverBook interface {
	Leftovers(ctx context.Context, sink string) ([]string, error)
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

// bundlePage is how many bundles are asked for at once.
const bundlePage = 100

// Make makes every bundle that has to be made again.
func (b *Bundler) Make(ctx context.Context) error {
	after := ""
	for {
		page, err := b.Book.Bundles(ctx, b.Target.Job, b.Target.Sink, after, bundlePage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, bundle := range page {
			if err := b.make(ctx, bundle); err != nil {
				return fmt.Errorf("bundle of %d passes: %w", len(bundle.Members), err)
			}
		}
		after = page[len(page)-1].Key
	}
}

// make writes the parts of one bundle, each filled up to the limits.
func (b *Bundler) make(ctx context.Context, bundle Bundle) error {
	var parts, names []string
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
		part := bundleName(bundle.Key, len(parts)+1)
		parts = append(parts, part)
		names, passes, size = nil, nil, 0
		return b.Sink.Put(ctx, []Pass{{Name: part, Data: data}})
	}
	for _, m := range bundle.Members {
		data, err := b.Sink.Get(ctx, m.Name)
		if err != nil {
			return err
		}
		if len(passes) == b.MaxPasses || size+len(data) > b.MaxBytes {
			if err := flush(); err != nil {
				return err
			}
		}
		names, passes = append(names, memberName(m.Name, len(names)+1)), append(passes, data)
		size += len(data)
	}
	if err := flush(); err != nil {
		return err
	}
	return b.Book.BundleMade(ctx, b.Target.Job, b.Target.Sink, bundle.Key, parts)
}

// bundleName returns the name of the n-th part of a bundle.
func bundleName(key string, n int) string {
	name := "bundles/" + serialHash(key)[:2] + "/" + escapeSerial(key)
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
	names, err := book.Leftovers(ctx, sink)
	if err != nil || len(names) == 0 {
		return err
	}
	var errs []error
	var gone []string
	for _, name := range names {
		if err := shelf.Remove(ctx, name); err != nil {
			errs = append(errs, err)
			continue
		}
		gone = append(gone, name)
	}
	return errors.Join(append(errs, book.LeftoverGone(ctx, sink, gone))...)
}
