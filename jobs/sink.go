package jobs

import (
	"context"
	"iter"
	"slices"
)

// A Pass is a pressed pass on its way to a [Sink].
type Pass struct {
	Name string // slash-separated and relative; see [Pattern]
	Data []byte // the whole archive
}

// Passes returns a sequence of passes, for [Sink.Put].
func Passes(passes ...Pass) iter.Seq[Pass] { return slices.Values(passes) }

// A Sink takes delivery of pressed passes: a directory, a bucket.
type Sink interface {
	// Put delivers passes. When it returns nil, each of them is durable and
	// visible under its name, whole; a reader sees the pass that was there
	// before or the new one, never a part of either. If it fails, any of
	// them may have been delivered. It is safe for concurrent use, and to
	// put a pass twice does no harm.
	//
	// The passes are packed while Put iterates over them, once: the Data of
	// one is valid until the next step only, so that a chunk needs no more
	// memory than a pass.
	Put(ctx context.Context, passes iter.Seq[Pass]) error
	// Get returns what lies under a name, or an error that is
	// [fs.ErrNotExist].
	Get(ctx context.Context, name string) ([]byte, error)
}

// A Shelf is a [Sink] that can be looked through and tidied.
type Shelf interface {
	Sink
	// Missing returns those of names under which nothing lies.
	Missing(ctx context.Context, names []string) ([]string, error)
	// Remove takes away what lies under a name; nothing there is no error.
	Remove(ctx context.Context, name string) error
	// List iterates over the names of everything that lies in the sink,
	// leftovers of killed writers included, in no particular order. The
	// error convention is that of [Source].
	List(ctx context.Context) iter.Seq2[string, error]
}
