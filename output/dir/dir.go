// Package dir is a sink that is a directory.
//
// A pass is visible under its name only when it is whole and will stay so after
// a loss of power: it is written under a temporary name in the hidden folder
// .passmill, brought to the disk, renamed, and the rename is brought to the disk
// as well. All names stay inside the directory ([os.Root]), whatever symbolic
// links and names say.
//
// One process at a time writes to a directory; a second one is told so. The
// package knows nothing of what passes are made of, nor of the ledger.
package dir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gofrs/flock"

	"passmill/jobs"
)

const (
	hidden   = ".passmill"
	lockName = hidden + "/lock"
	tempDir  = hidden + "/tmp"
)

// A Sink is a directory of passes. It implements [jobs.Shelf] and is safe for
// concurrent use.
type Sink struct {
	root    *os.Root
	lock    *flock.Flock
	disk    disk
	folders sync.Map // of string: folders that are known to exist
	serial  atomic.Uint64
}

// Open opens the directory for writing; it is made if it does not exist. Only
// one process at a time can hold it: for a second one the error is
// [jobs.ErrLocked]. What a killed process left unfinished is removed.
func Open(name string) (*Sink, error) {
	if err := os.MkdirAll(filepath.Join(name, filepath.FromSlash(tempDir)), 0o755); err != nil {
		return nil, fmt.Errorf("output directory: %w", err)
	}
	lock := flock.New(filepath.Join(name, filepath.FromSlash(lockName)))
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock output directory %s: %w", name, err)
	}
	if !held {
		return nil, fmt.Errorf("output directory %s: %w; wait for it to end, or stop it", name, jobs.ErrLocked)
	}
	s, err := open(name)
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	s.lock = lock
	if err := s.removeTemps(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// OpenReadOnly opens the directory to look at it only, also while another
// process writes to it. A directory that does not exist is [fs.ErrNotExist].
func OpenReadOnly(name string) (*Sink, error) { return open(name) }

func open(name string) (*Sink, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("output directory: %w", err)
	}
	s := &Sink{root: root}
	if err := s.disk.open(root); err != nil {
		return nil, errors.Join(fmt.Errorf("output directory: %w", err), root.Close())
	}
	return s, nil
}

// Close gives the directory free for other processes.
func (s *Sink) Close() error {
	err := errors.Join(s.disk.close(), s.root.Close())
	if s.lock != nil {
		err = errors.Join(err, s.lock.Unlock())
	}
	return err
}

func (s *Sink) removeTemps() error {
	entries, err := fs.ReadDir(s.root.FS(), tempDir)
	if err != nil {
		return fmt.Errorf("output directory: look for leftovers: %w", err)
	}
	for _, e := range entries {
		if err := s.root.Remove(tempDir + "/" + e.Name()); err != nil {
			return fmt.Errorf("output directory: remove a leftover: %w", err)
		}
	}
	return nil
}

// Get implements [jobs.Sink].
func (s *Sink) Get(_ context.Context, name string) ([]byte, error) { return s.root.ReadFile(name) }

// Missing implements [jobs.Shelf].
func (s *Sink) Missing(ctx context.Context, names []string) (missing []string, err error) {
	for _, name := range names {
		_, err := s.root.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, name)
		case err != nil:
			return nil, err
		}
	}
	return missing, ctx.Err()
}

// Remove implements [jobs.Shelf]. The removal is not brought to the disk at
// once: should it be lost, the name is still known as a leftover or is found by
// passmill fsck.
func (s *Sink) Remove(_ context.Context, name string) error {
	if err := s.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// List implements [jobs.Shelf].
func (s *Sink) List(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		stop := errors.New("left early")
		err := fs.WalkDir(s.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil // it went away while we walked
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ctx.Err()
			case entry.IsDir() || name == lockName:
				return nil
			case !yield(name, nil):
				return stop
			}
			return nil
		})
		if err != nil && !errors.Is(err, stop) {
			yield("", fmt.Errorf("list output directory: %w", err))
		}
	}
}

// folder makes sure that the folder of name exists.
func (s *Sink) folder(name string) error {
	folder := path.Dir(name)
	if folder == "." {
		return nil
	}
	if _, known := s.folders.Load(folder); known {
		return nil
	}
	if err := s.root.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	s.folders.Store(folder, true)
	return nil
}

// temp returns a temporary name that no other pass of this process has.
func (s *Sink) temp() string {
	return fmt.Sprintf("%s/%d", tempDir, s.serial.Add(1))
}

// local refuses the names that are the sink's own.
func local(name string) error {
	if name == hidden || strings.HasPrefix(name, hidden+"/") {
		return fmt.Errorf("the name %q is not to be used: the folder %s is the sink's own", name, hidden)
	}
	return nil
}
