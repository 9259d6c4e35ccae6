package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"passmill/render"
	"passmill/templates"
)

// pretty writes JSON for people, unless it became too large by that.
func pretty(n *render.Node) []byte {
	compact := n.AppendJSON(nil)
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", "  "); err != nil || b.Len() >= templates.MaxText {
		return compact
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// definition writes template.yaml. Its description doesn't name the pass's file:
// many are called by the holder's number.
func definition(list []*field) []byte {
	var b bytes.Buffer
	b.WriteString("description: Imported from a pass\nfields:\n")
	for _, g := range list {
		fmt.Fprintf(&b, "  %s: {type: %s", yamlKey(g.Name), g.Type)
		if g.Optional {
			b.WriteString(", optional: true")
		}
		if g.Languages != nil {
			fmt.Fprintf(&b, ", languages: [%s]", strings.Join(each(g.Languages, quote), ", "))
		}
		if g.Note != "" {
			fmt.Fprintf(&b, ", note: %s", quote(g.Note))
		}
		b.WriteString("}\n")
	}
	return b.Bytes()
}

func each(list []string, do func(string) string) (done []string) {
	for _, s := range list {
		done = append(done, do(s))
	}
	return done
}

var (
	plainKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)
	yamlWord = regexp.MustCompile(`^(?i)(?:true|false|yes|no|on|off|null|y|n)$`) // which are no strings in YAML
)

func yamlKey(name string) string {
	if plainKey.MatchString(name) && !yamlWord.MatchString(name) {
		return name
	}
	return quote(name)
}

// quote writes text as a string of JSON, which is one of YAML.
func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // text always has a form in JSON
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// CSV returns a file of one row: the values of the pass, to the letter. A
// spreadsheet would take those that begin like a formula for one: see Formulas.
func (t *Template) CSV() []byte {
	var b bytes.Buffer
	for _, line := range [][]string{t.header, t.cells} {
		for i, cell := range line {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
		}
		b.WriteByte('\n')
	}
	if bytes.ContainsFunc(b.Bytes(), func(r rune) bool { return r >= utf8.RuneSelf }) {
		return append([]byte("\ufeff"), b.Bytes()...) // by which Excel tells UTF-8
	}
	return b.Bytes()
}

// Formulas returns the columns of the CSV file whose values a spreadsheet would
// take for formulas.
func (t *Template) Formulas() (columns []string) {
	for i, cell := range t.cells {
		if strings.IndexAny(cell, "=+-@") == 0 {
			columns = append(columns, t.header[i])
		}
	}
	return columns
}

// Check refuses a folder that holds something, and one beside which its CSV file
// lies already.
func Check(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case err == nil && len(entries) > 0:
		return fmt.Errorf("folder %s: %w and is not empty; choose another", dir, fs.ErrExist)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if _, err := os.Lstat(CSVFile(dir)); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fs.ErrExist
		}
		return fmt.Errorf("file %s: %w; choose another folder, or move the file", CSVFile(dir), err)
	}
	return nil
}

// CSVFile returns where the CSV file of a folder lies: beside it.
func CSVFile(dir string) string {
	dir = filepath.Clean(dir)
	if base := filepath.Base(dir); base == "." || base == ".." {
		if whole, err := filepath.Abs(dir); err == nil {
			dir = whole
		}
	}
	return dir + ".csv"
}

// Write writes the template into a folder, which it makes, and the CSV file
// beside it. Nothing that lies there is overwritten. After an error nothing of
// it remains.
func (t *Template) Write(dir string) (err error) {
	if err := Check(dir); err != nil {
		return err
	}
	_, absent := os.Stat(dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	var made []string
	defer func() {
		if err == nil {
			return
		}
		for _, name := range slices.Backward(made) {
			root.Remove(name)
		}
		if absent != nil {
			os.Remove(dir)
		}
	}()
	for _, name := range slices.Sorted(maps.Keys(t.Files)) {
		if folder := path.Dir(name); folder != "." && !slices.Contains(made, folder) {
			if err := root.Mkdir(folder, 0o755); err != nil {
				return err
			}
			made = append(made, folder)
		}
		made = append(made, name)
		if err := create(root.OpenFile, name, 0o644, t.Files[name]); err != nil {
			return err
		}
	}
	// Last, since it can't be taken for a whole template: it is the holder's.
	err = create(os.OpenFile, CSVFile(dir), 0o600, t.CSV())
	if err != nil && !errors.Is(err, fs.ErrExist) {
		os.Remove(CSVFile(dir))
	}
	return err
}

// create writes a file that must not exist.
func create(open func(string, int, os.FileMode) (*os.File, error), name string, mode os.FileMode, data []byte) error {
	f, err := open(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
