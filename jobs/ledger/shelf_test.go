package ledger_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

// folder is a sink good enough to test the books against.
type folder string

func (f folder) path(name string) string { return filepath.Join(string(f), filepath.FromSlash(name)) }

func (f folder) Put(_ context.Context, passes iter.Seq[jobs.Pass]) error {
	for p := range passes {
		if err := os.MkdirAll(filepath.Dir(f.path(p.Name)), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(f.path(p.Name), p.Data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (f folder) Get(_ context.Context, name string) ([]byte, error) { return os.ReadFile(f.path(name)) }

func (f folder) Missing(_ context.Context, names []string) (missing []string, err error) {
	for _, name := range names {
		if _, err := os.Stat(f.path(name)); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, name)
		}
	}
	return missing, nil
}

func (f folder) Remove(_ context.Context, name string) error {
	if err := os.Remove(f.path(name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (f folder) List(context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := fs.WalkDir(os.DirFS(string(f)), ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			if !yield(path, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield("", err)
		}
	}
}

// verify is the test's idea of a whole pass.
func verify(_ context.Context, data []byte, a ledger.Artefact) error {
	if sha256.Sum256(data) != a.Manifest {
		return fmt.Errorf("its manifest is not the one that was signed for %s", a.Serial)
	}
	return nil
}
