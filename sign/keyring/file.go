package keyring

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"passmill/sign/secret"
)

// FileMode is the mode of the file that holds a key-encryption key.
const FileMode fs.FileMode = 0o400

// maxKeyset is the largest file that is read as a keyset: a thousand rotations.
const maxKeyset = 256 << 10

// ErrMode means that others may read a file that holds a key-encryption key, or
// that it may be written over by mistake.
var ErrMode = errors.New("mode is wider than 0400")

// ReadFile reads a key-encryption key. A file whose mode is wider than
// [FileMode] is [ErrMode], and the message says the command that mends it; a
// file that is not there is [fs.ErrNotExist].
func ReadFile(name string) (*Keyset, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("key-encryption key: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("key-encryption key: %w", err)
	}
	switch mode := info.Mode(); {
	case !mode.IsRegular():
		return nil, fmt.Errorf("key-encryption key: %s is no file", name)
	case runtime.GOOS != "windows" && mode.Perm()&^FileMode != 0:
		return nil, fmt.Errorf("key-encryption key: %s: %w: it is %#o; run: chmod 0400 %s", name, ErrMode, mode.Perm(), quote(name))
	case info.Size() > maxKeyset:
		return nil, fmt.Errorf("key-encryption key: %s: %w", name, ErrKeyset)
	}
	text := make([]byte, info.Size())
	if _, err := file.ReadAt(text, 0); err != nil && info.Size() > 0 {
		return nil, fmt.Errorf("key-encryption key: %w", err)
	}
	defer clear(text)
	k, err := ParseKeyset(secret.New(string(text)))
	if err != nil {
		return nil, fmt.Errorf("key-encryption key: %s: %w", name, err)
	}
	return k, nil
}

// quote writes a file's name as a shell takes it.
func quote(name string) string {
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '/', r == '.', r == '-', r == '_':
		default:
			return fmt.Sprintf("%q", name)
		}
	}
	return name
}

// CreateFile writes a key-encryption key to a new file. One that is there is
// never touched: it is [fs.ErrExist].
func CreateFile(name string, k *Keyset) error {
	if _, err := os.Lstat(name); err == nil {
		return fmt.Errorf("key-encryption key: %s: %w", name, fs.ErrExist)
	}
	return writeKeyset(name, k, os.Link)
}

// ReplaceFile writes a key-encryption key in the place of the one that is there.
// A reader sees the one or the other, whole.
func ReplaceFile(name string, k *Keyset) error { return writeKeyset(name, k, os.Rename) }

// writeKeyset writes the keyset to a file beside name, brings it to the disk, and
// lets settle give it its name.
func writeKeyset(name string, k *Keyset, settle func(from, to string) error) (err error) {
	text, err := k.Text()
	if err != nil {
		return err
	}
	dir := filepath.Dir(name)
	file, err := os.CreateTemp(dir, ".passmill-key-*") // with mode 0600
	if err != nil {
		return fmt.Errorf("key-encryption key: %w", err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	for _, step := range []func() error{
		func() error { _, err := file.WriteString(text.Reveal() + "\n"); return err },
		func() error { return protect(file) },
		file.Sync,
		file.Close,
		func() error { return settle(file.Name(), name) },
		func() error { return syncDir(dir) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("key-encryption key: write %s: %w", name, err)
		}
	}
	return nil
}

// syncDir brings a rename to the disk, where folders can be synced.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// protect takes away the write bit too, but where a file that lacks it can't be
// replaced.
func protect(file *os.File) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	return file.Chmod(FileMode)
}
