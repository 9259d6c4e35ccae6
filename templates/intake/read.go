package intake

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"passmill/render"
	"passmill/templates"
)

// Bounds of what is read: those of a pass, and of the files of a template.
const (
	maxArchive = 64 << 20
	maxEntries = 1000
	maxTotal   = 64 << 20  // of all files that are taken, unpacked
	maxStrings = 256 << 10 // of a strings file
	maxPixels  = 100 << 20 // of all images together
)

// A Pass is what was read of a pass. It is not safe for concurrent use.
type Pass struct {
	json  []byte
	files map[string][]byte // images and strings, by path
	notes []Note
}

// An entry is a file that the pass consists of.
type entry struct {
	name string // its path, with slashes
	open func() (io.ReadCloser, error)
}

// Read reads a pass: an archive (.pkpass, or a .pkpasstemplate that was zipped)
// or a folder (.pass, .pkpasstemplate). Files that have no place in a template
// are noted and left. Its error says why it is no pass that can be read.
func Read(name string) (*Pass, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return readFolder(name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxArchive+1))
	if err != nil {
		return nil, err
	}
	p, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// readFolder reads a folder, and nothing that links in it lead to outside.
func readFolder(name string) (*Pass, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	fsys := root.FS()
	var entries []entry
	err = fs.WalkDir(fsys, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !d.Type().IsRegular() {
			return err
		}
		if len(entries) == maxEntries {
			return fmt.Errorf("holds more than %d files; is it a pass?", maxEntries)
		}
		entries = append(entries, entry{file, func() (io.ReadCloser, error) { return fsys.Open(file) }})
		return nil
	})
	var p *Pass
	if err == nil {
		p, err = gather(entries)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// gather takes the files of a pass out of entries whose names are bounded and
// unlike.
func gather(entries []entry) (*Pass, error) {
	dir, err := home(entries)
	if err != nil {
		return nil, err
	}
	p := &Pass{files: make(map[string][]byte)}
	total, pixels := 0, 0
	for _, e := range entries {
		name, inside := strings.CutPrefix(e.name, dir)
		if !inside {
			name = e.name
		}
		limit, wanted := p.judge(name, inside)
		if !wanted {
			continue
		}
		data, err := take(e, limit)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", e.name, err)
		}
		if total += len(data); total > maxTotal {
			return nil, fmt.Errorf("its files have more than %d MiB together, which no pass has", maxTotal>>20)
		}
		if pixels += templates.ImagePixels(data); pixels > maxPixels {
			return nil, fmt.Errorf("its images have more than %d million pixels together, which no pass has", maxPixels>>20)
		}
		p.keep(name, data, limit)
	}
	switch {
	case len(p.json) > render.MaxPass:
		return nil, fmt.Errorf("its pass.json is larger than %d KiB, which no pass has", render.MaxPass>>10)
	case len(p.files) > templates.MaxFiles-2: // template.json and template.yaml
		return nil, fmt.Errorf("it has more than %d images and strings files, which no pass has", templates.MaxFiles-2)
	}
	return p, nil
}

// take reads one file up to a byte more than its limit.
func take(e entry, limit int64) ([]byte, error) {
	r, err := e.open()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	return data, errors.Join(err, r.Close())
}

// home returns the folder, with a slash, in which pass.json lies: the top, or
// that of a bundle that was zipped as a whole.
func home(entries []entry) (string, error) {
	found := []string{}
	depth := -1
	for _, e := range entries {
		dir, base := path.Split(e.name)
		n := strings.Count(dir, "/")
		if base != passFile || n > 2 || strings.HasPrefix(dir, "__MACOSX/") {
			continue
		}
		if depth < 0 || n < depth {
			depth, found = n, nil
		}
		if n == depth {
			found = append(found, dir)
		}
	}
	switch len(found) {
	case 0:
		return "", errors.New("holds no pass.json, so it is no pass; of a bundle (.pkpasses), unpack it and import one of its passes")
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("holds %d passes; import one of them", len(found))
}

const passFile = "pass.json"

// ours are files that passmill makes anew, or that belong to other tools.
var ours = map[string]string{
	"manifest.json": "passmill makes it for each pass",
	"signature":     "passmill signs each pass",
	"tooling.json":  "it is Pass Designer's own, and belongs into no pass",
}

// judge says whether a file is wanted, and how large it may be. It notes why one
// is not.
func (p *Pass) judge(name string, inside bool) (limit int64, wanted bool) {
	why := templates.Belongs(name)
	switch {
	case !inside:
		p.note(LeftOut, name, "it lies outside of the folder of the pass")
	case name == passFile:
		return render.MaxPass, true
	case ours[name] != "":
		p.note(Dropped, name, ours[name])
	case why == nil && strings.HasSuffix(name, ".png"):
		return templates.MaxImage, true
	case why == nil:
		return maxStrings, true
	case name == "personalization.json":
		p.lost(name, "templates have no personalization yet")
	default:
		p.note(LeftOut, name, why.Error())
	}
	return 0, false
}

// keep keeps a file, unless its content can't be used: then that is noted.
func (p *Pass) keep(name string, data []byte, limit int64) {
	switch {
	case name == passFile:
		p.json = data
	case strings.HasSuffix(name, ".png"):
		if err := templates.CheckImage(name, data); err != nil {
			p.lost(name, strings.TrimPrefix(err.Error(), name+": "))
			return
		}
		p.files[name] = data
	case int64(len(data)) > limit:
		p.lost(name, fmt.Sprintf("larger than %d KiB", limit>>10))
	default:
		p.files[name] = data
	}
}
