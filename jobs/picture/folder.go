package picture

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"

	"passmill/jobs"
)

// MaxFile bounds an image file, in bytes: photos of phones have less.
const MaxFile = 16 << 20

// A Folder is where the files lie that rows name. It leads nowhere outside, not
// by a symbolic link either. It is safe for concurrent use.
type Folder struct {
	root *os.Root

	mu    sync.Mutex          // guards what is below
	names map[string][]string // by folder: what lies there
	hints int                 // how many names were guessed
}

// maxHints is how many misspelled names are looked for among the files of a
// folder, and maxNames how many files are looked through: the work is theirs
// multiplied.
const (
	maxHints = 100
	maxNames = 5000
)

// OpenFolder opens the folder of the files.
func OpenFolder(dir string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Folder{root: root, names: make(map[string][]string)}, nil
}

// Close closes the folder.
func (f *Folder) Close() error { return f.root.Close() }

// inside returns the path of a file as a cell names it, or the finding that it
// leads out of the folder. Backslashes separate folders too, since people on
// Windows type them.
func inside(name string) (string, *jobs.Finding) {
	clean := path.Clean(strings.ReplaceAll(name, `\`, "/"))
	drive := len(clean) >= 2 && clean[1] == ':'
	if path.IsAbs(clean) || drive || clean == ".." || strings.HasPrefix(clean, "../") {
		return "", outside()
	}
	return clean, nil
}

func outside() *jobs.Finding {
	return refused(codeOutside, "leads out of the folder of the images", "copy the file into that folder, and write its path from there; or name another folder under images: dir: in the job")
}

// open opens a file for reading and returns its size. A pipe would be waited for.
func (f *Folder) open(name string) (*os.File, int64, *jobs.Finding) {
	clean, problem := inside(name)
	if problem != nil {
		return nil, 0, problem
	}
	// One program stores ä as a letter, another as a letter and two dots; nobody
	// sees the difference.
	for _, spelled := range []string{clean, norm.NFC.String(clean), norm.NFD.String(clean)} {
		info, err := f.root.Stat(spelled)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && !info.Mode().IsRegular() {
			return nil, 0, refused(codeNoFile, "is a folder or something else that is no file", "name the image itself")
		}
		if err == nil && info.Size() > MaxFile {
			return nil, 0, tooBig(MaxFile)
		}
		var file *os.File
		if err == nil {
			file, err = f.root.Open(spelled)
		}
		if err != nil {
			return nil, 0, unreadable(err)
		}
		return file, info.Size(), nil
	}
	return nil, 0, f.missing(clean)
}

func tooBig(most int) *jobs.Finding {
	return refused(codeTooBig, fmt.Sprintf("has more than %d MiB", most>>20), "make it smaller; phones show a few hundred pixels")
}

// unreadable says why an existing file can't be read. The error itself would
// quote its name.
func unreadable(err error) *jobs.Finding {
	switch cause := errors.Unwrap(err); {
	case errors.Is(err, fs.ErrPermission):
		return refused(codeUnreadable, "can't be read: "+fs.ErrPermission.Error(), "let the user who runs passmill read it")
	case cause != nil && strings.Contains(cause.Error(), "escapes"): // os keeps the error to itself
		return outside()
	case cause != nil:
		return refused(codeUnreadable, "can't be read: "+cause.Error(), "look at the file and its folder")
	}
	return refused(codeUnreadable, "can't be read", "look at the file and its folder")
}

// missing says that there is no such file, and whether another may be meant. It is
// not named: photos are called after people, and messages go into logs.
func (f *Folder) missing(name string) *jobs.Finding {
	fix := "put the file there, or correct the name"
	if f.nearest(name) != "" {
		fix += "; a file there has nearly this name, so look at each letter and at the ending"
	}
	return refused(codeMissing, "there is no such file in the folder of the images", fix)
}

func (f *Folder) nearest(name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hints++; f.hints > maxHints {
		return ""
	}
	dir, base := path.Split(name)
	dir = path.Clean(dir)
	if _, listed := f.names[dir]; !listed {
		f.names[dir] = f.list(dir)
	}
	return jobs.Nearest(base, f.names[dir])
}

// list returns the names in a folder, as many as are looked through.
func (f *Folder) list(dir string) (names []string) {
	d, err := f.root.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	names, _ = d.Readdirnames(maxNames) // a hint may fail
	return names
}

// sum hashes a file without holding it.
func (f *Folder) sum(name string) (sum [sha256.Size]byte, problem *jobs.Finding) {
	file, _, problem := f.open(name)
	if problem != nil {
		return sum, problem
	}
	defer file.Close()
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(file, MaxFile+1))
	switch {
	case err != nil:
		return sum, unreadable(err)
	case n > MaxFile: // it has grown
		return sum, tooBig(MaxFile)
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// read reads the file that had a sum a moment ago.
func (f *Folder) read(name string, sum [sha256.Size]byte) ([]byte, *jobs.Finding) {
	file, size, problem := f.open(name)
	if problem != nil {
		return nil, problem
	}
	defer file.Close()
	data := make([]byte, size)
	if _, err := io.ReadFull(file, data); err != nil || sha256.Sum256(data) != sum {
		return nil, refused(codeChanged, "was changed while it was read", "run the command again")
	}
	return data, nil
}
