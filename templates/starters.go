package templates

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"passmill/jobs"
)

// The starter templates, a folder each. "all:" since names may begin with "_".
//
//go:embed all:starters
var embedded embed.FS

// A Starter is an embedded template.
type Starter struct {
	Name        string
	Description string
}

// Starters lists the embedded templates by name.
func Starters() []Starter {
	var starters []Starter
	for _, name := range starterNames() {
		data, err := embedded.ReadFile("starters/" + name + "/" + definitionFile)
		t := &Template{}
		if err == nil {
			err = t.readDefinition(data)
		}
		if err != nil {
			panic("templates: starter " + name + ": " + err.Error()) // a test loads them all
		}
		starters = append(starters, Starter{Name: name, Description: t.Description})
	}
	return starters
}

func starterNames() []string {
	entries, err := embedded.ReadDir("starters")
	if err != nil {
		panic("templates: " + err.Error())
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// missing is [fs.ErrNotExist] in words of its own.
type missing string

func (m missing) Error() string        { return string(m) }
func (m missing) Is(target error) bool { return target == fs.ErrNotExist }

func didYouMean(word string, names []string) string {
	if near := jobs.Nearest(word, names); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}

// Open loads the template in a folder, whose path is absolute or relative to
// base, or else the starter of that name.
func Open(nameOrDir, base string) (*Template, error) {
	dir := nameOrDir
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(base, dir)
	}
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		t, err := Load(os.DirFS(dir), filepath.Base(dir))
		if err != nil {
			return nil, fmt.Errorf("template %s:\n%w", dir, err)
		}
		return t, nil
	}
	if names := starterNames(); !slices.Contains(names, nameOrDir) {
		return nil, missing(fmt.Sprintf("template %q: there is no folder %s, and the starters are %s%s",
			nameOrDir, dir, strings.Join(names, ", "), didYouMean(nameOrDir, names)))
	}
	return openStarter(nameOrDir)
}

func openStarter(name string) (*Template, error) {
	fsys, err := fs.Sub(embedded, "starters/"+name)
	if err != nil {
		return nil, err
	}
	t, err := Load(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("starter %q:\n%w", name, err)
	}
	return t, nil
}

// Write copies a starter into a folder, which it makes. It refuses a folder that
// holds something.
func Write(starter, dir string) error {
	if names := starterNames(); !slices.Contains(names, starter) {
		return missing(fmt.Sprintf("there is no starter %q; there are %s%s", starter, strings.Join(names, ", "), didYouMean(starter, names)))
	}
	fsys, err := fs.Sub(embedded, "starters/"+starter)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	switch {
	case err == nil && len(entries) > 0:
		return fmt.Errorf("folder %s: %w and is not empty; choose another", dir, fs.ErrExist)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return os.CopyFS(dir, fsys)
}
