package templates

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"passmill/jobs"
	"passmill/render/preflight"
)

const (
	jsonFile       = "template.json"
	definitionFile = "template.yaml"
)

// Bounds of a template's files, checked before anything parses them.
const (
	maxFiles    = 500
	maxText     = 1 << 20 // bytes of template.json or a strings file
	maxYAML     = 64 << 10
	maxImage    = 2 << 20  // bytes
	maxPixels   = 20 << 20 // of one image
	maxProblems = 50       // stray files that are named one by one
)

// A kind says what a file of a template is.
type kind uint8

const (
	strayKind kind = iota
	jsonKind
	definitionKind
	stringsKind
	imageKind
	ignoredKind
)

var (
	imageName = regexp.MustCompile(`^(?:` + strings.Join(preflight.ImageKinds(), "|") + `)(?:@[23]x)?\.png$`)
	// letterName is a file of the mails that come with passes.
	letterName = regexp.MustCompile(`^(?:mail(?:[.-][A-Za-z0-9._-]+)?\.(?:html|txt|yaml|png|jpg|gif)|badge(?:-[A-Za-z_-]+)?\.png)$`)
	lprojName  = regexp.MustCompile(`^[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*\.lproj$`)
)

// ignored are files that people and their systems leave in folders.
var ignored = []string{".DS_Store", "Thumbs.db", "desktop.ini", ".gitkeep", ".gitignore", "README", "README.md", "README.txt", "LICENSE"}

// kindOf tells what a path in a template is.
func kindOf(name string) kind {
	dir, base := path.Split(name)
	switch {
	case slices.Contains(ignored, base) || strings.HasPrefix(base, "._"), dir == "" && letterName.MatchString(base):
		return ignoredKind
	case name == jsonFile:
		return jsonKind
	case name == definitionFile:
		return definitionKind
	case dir != "" && !lprojName.MatchString(strings.TrimSuffix(dir, "/")):
		return strayKind
	case dir != "" && base == "pass.strings":
		return stringsKind
	case imageName.MatchString(base):
		return imageKind
	}
	return strayKind
}

// readFiles reads all files that belong to a template. The map is nil if
// nothing could be read at all.
func readFiles(fsys fs.FS) (map[string][]byte, error) {
	files := make(map[string][]byte)
	var errs []error
	count := 0
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		count++
		switch {
		case err != nil:
			return err
		case count > maxFiles:
			return fmt.Errorf("the folder holds more than %d files; is it a template?", maxFiles)
		case d.IsDir():
			return readDir(name, &errs)
		case !d.Type().IsRegular() && d.Type() != fs.ModeSymlink: // reading a pipe would wait for ever
			errs = append(errs, fmt.Errorf("%s: no plain file; move it out", name))
			return nil
		}
		data, err := readFile(fsys, name)
		if err != nil {
			errs = append(errs, err)
		} else if data != nil {
			files[name] = data
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if _, ok := files[jsonFile]; !ok {
		errs = append(errs, fmt.Errorf("%s: %w", jsonFile, fs.ErrNotExist))
	}
	if len(errs) > maxProblems {
		errs = append(errs[:maxProblems], fmt.Errorf("and %d more files", len(errs)-maxProblems))
	}
	return files, errors.Join(errs...)
}

func readDir(name string, errs *[]error) error {
	switch {
	case name == "." || lprojName.MatchString(name):
		return nil
	case name == ".git":
		return fs.SkipDir
	}
	*errs = append(*errs, fmt.Errorf("%s: no folder belongs here but those of languages, such as de.lproj; move it out", name))
	return fs.SkipDir
}

// readFile reads a file within its bound, and returns nil for one to ignore.
func readFile(fsys fs.FS, name string) ([]byte, error) {
	limit := 0
	switch kindOf(name) {
	case ignoredKind:
		return nil, nil
	case strayKind:
		return nil, errors.New(name + ": " + strayAdvice(name))
	case jsonKind, stringsKind:
		limit = maxText
	case definitionKind:
		limit = maxYAML
	case imageKind:
		limit = maxImage
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	case len(data) > limit:
		return nil, fmt.Errorf("%s: larger than %d KiB; make it smaller", name, limit>>10)
	case data == nil:
		data = []byte{}
	}
	return data, nil
}

// strayAdvice says why a file can't stay and what may have been meant.
func strayAdvice(name string) string {
	base := path.Base(name)
	stem, _, _ := strings.Cut(strings.TrimSuffix(base, path.Ext(base)), "@")
	switch {
	case base == "pass.json":
		return "call it template.json; passmill writes pass.json"
	case base == "manifest.json" || base == "signature":
		return "remove it; passmill makes it for each pass"
	case base == "template.yml":
		return "call it template.yaml"
	case base == "pass.strings" || strings.HasSuffix(base, ".strings"):
		return "strings belong in a folder such as de.lproj, as pass.strings"
	case path.Dir(name) != "." && (base == jsonFile || base == definitionFile):
		return "it belongs into the template's folder itself"
	case slices.Contains(preflight.ImageKinds(), stem) && path.Ext(base) != ".png":
		return "images are PNG files; save it as " + stem + ".png"
	}
	if near := jobs.Nearest(stem, preflight.ImageKinds()); near != "" && path.Ext(base) == ".png" {
		return "no image of a pass is called so; was " + near + strings.TrimPrefix(base, stem) + " meant?"
	}
	return "nothing of a template is called so, and a phone refuses passes with stray files; move it out"
}
