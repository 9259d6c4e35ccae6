package sheet

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const folderPrefix = "passmill-sheet-"

// A folder is where spools put their files: the caller's, or one of our own
// that is made when the first file is.
type folder struct {
	path string
	own  bool
}

// create makes a file that only its descriptor leads to, where the system
// allows that: whoever is killed then leaves no customer's data behind.
func (f *folder) create() (*os.File, error) {
	path, err := f.ready()
	if err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(path, "spool-*")
	if err != nil {
		return nil, complain("make a temporary file: %w; check the permissions of the folder", err)
	}
	os.Remove(file.Name())
	return file, nil
}

// ready returns the path of the folder, which it makes if there is none.
func (f *folder) ready() (string, error) {
	if f.path == "" {
		wipe(os.TempDir())
		path, err := os.MkdirTemp("", fmt.Sprintf("%s%d-*", folderPrefix, os.Getpid()))
		if err != nil {
			return "", complain("make a folder for temporary files: %w; check the permissions of %s", err, os.TempDir())
		}
		f.path, f.own = path, true
	}
	return f.path, nil
}

// close removes the folder if it is our own.
func (f *folder) close() error {
	if !f.own {
		return nil
	}
	path := f.path
	f.path, f.own = "", false
	return os.RemoveAll(path)
}

// check fails if the disk has less than need bytes for spools.
func (f *folder) check(need int64) error {
	path := f.path
	if path == "" {
		path = os.TempDir()
	}
	free, ok := freeSpace(path)
	if ok && free < need {
		return complain("it needs up to %d MiB of temporary files, and %s has %d MiB free; free space, or name another folder for temporary files",
			need>>20, path, free>>20)
	}
	return nil
}

// wipe removes the folders of processes that are gone.
func wipe(parent string) {
	folders, _ := filepath.Glob(filepath.Join(parent, folderPrefix+"*"))
	for _, path := range folders {
		number, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), folderPrefix), "-")
		pid, err := strconv.Atoi(number)
		if err != nil || alive(pid) {
			continue
		}
		// A process that we can't see, in another container, shows its life
		// by the age of its folder.
		if stat, err := os.Lstat(path); err == nil && stat.IsDir() && time.Since(stat.ModTime()) > time.Hour {
			os.RemoveAll(path)
		}
	}
}

func alive(pid int) bool {
	process, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer process.Release()
	return process.Signal(syscall.Signal(0)) == nil
}
