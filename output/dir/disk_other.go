//go:build !linux

package dir

import (
	"errors"
	"os"
	"path"
	"runtime"
)

// A disk brings what was written to the disk, file by file and folder by folder.
type disk struct{}

func (*disk) open(*os.Root) error { return nil }
func (*disk) close() error        { return nil }

// wrote is called with each file before it is closed.
func (*disk) wrote(f *os.File) error { return f.Sync() }

// settle brings the folders of renamed passes to the disk. Windows has no such
// call; its file system keeps a journal of renames.
func (*disk) settle(root *os.Root, renamed []written) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folders := map[string]bool{}
	for _, p := range renamed {
		for folder := path.Dir(p.name); !folders[folder]; folder = path.Dir(folder) {
			folders[folder] = true
		}
	}
	var errs []error
	for folder := range folders {
		f, err := root.Open(folder)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, f.Sync(), f.Close())
	}
	return errors.Join(errs...)
}
