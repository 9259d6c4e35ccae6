package jobs

import (
	"context"
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

// bundleBytes is how much of them is held in memory before it is delivered.
const bundleBytes = 64 << 20

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

// makePage makes some bundles. All files of a delivery share its syncs.
func (b *Bundler) makePage(ctx context.Context, page []Bundle) error {
	var files []Pass
	var made []BundleParts
	size := 0
	deliver := func() error {
		if err := b.Sink.Put(ctx, Passes(files...)); err != nil {
			return err
		}
		err := b.Book.BundlesMade(ctx, b.Target.Job, b.Target.Sink, made)
		files, made, size = nil, nil, 0
		return err
	}
	for _, bundle := range page {
		parts, err := b.pack(ctx, bundle)
		if err != nil {
			return err
		}
		names := make([]string, len(parts))
		for i, p := range parts {
			names[i] = p.Name
			size += len(p.Data)
		}
		files, made = append(files, parts...), append(made, BundleParts{bundle.Key, names})
		if size > bundleBytes {
			if err := deliver(); err != nil {
				return err
			}
		}
	}
	return deliver()
}

// pack returns the files of one bundle, each filled up to the limits.
func (b *Bundler) pack(ctx context.Context, bundle Bundle) (parts []Pass, err error) {
	var names []string
	var passes [][]byte
	size := 0
	flush := func() error {
		if len(passes) == 0 {
			return nil
		}
		data, err := b.Pack(names, passes)
		parts = append(parts, Pass{Name: bundleName(bundle.Key, len(parts)+1), Data: data})
		names, passes, size = nil, nil, 0
		return err
	}
	for _, m := range bundle.Members {
		data, err := b.Sink.Get(ctx, m.Name)
		if err != nil {
			return nil, err
		}
		if len(passes) == b.MaxPasses || size+len(data) > b.MaxBytes {
			if err := flush(); err != nil {
				return nil, err
			}
		}
		names, passes = append(names, memberName(m.Name, len(names)+1)), append(passes, data)
		size += len(data)
	}
	return parts, flush()
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
