package templates

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"time"

	"passmill/jobs"
	"passmill/render"
)

// A Template is a template folder that was read and found sound. It is not
// changed after Load, and safe for concurrent use.
type Template struct {
	Name        string
	Description string
	ActiveFrom  time.Time // zero: always in force
	TimeZone    string    // IANA name; empty is UTC
	Compatible  bool      // passes get the members that older systems read

	// Fields are those that template.yaml declares, in its order, and then
	// those that are only used, in the order of their use.
	Fields []jobs.Field

	// Images holds the images by path: "icon@2x.png", "de.lproj/logo.png".
	Images map[string][]byte

	// Files holds everything that the version is made of, by path. Who keeps
	// it can load the same template again.
	Files map[string][]byte
	// Version is a hash over Files: equal versions make equal passes.
	Version jobs.Hash

	places   map[string]place // of declared fields, by folded name
	rendered *render.Template // without an identity, for what it knows of names
}

// Load reads the template in the root of a file system. Its error joins all
// mistakes: an [*render.Error] for each that has a place in a file.
func Load(fsys fs.FS, name string) (*Template, error) {
	files, err := readFiles(fsys)
	if files == nil {
		return nil, err
	}
	return load(files, name, err)
}

// Restore reads a template from what was kept of one: its Files.
func Restore(files map[string][]byte, name string) (*Template, error) {
	return load(files, name, nil)
}

// load reads a template from its files; err is what was wrong with finding them.
func load(files map[string][]byte, name string, err error) (*Template, error) {
	t := &Template{Name: name, Files: files, Version: version(files)}
	errs := []error{err, t.readDefinition(files[definitionFile])}
	if errs[1] == nil {
		errs[1] = t.checkValues()
	}
	errs = append(errs, t.readImages())
	if _, ok := files[jsonFile]; ok {
		t.rendered, err = t.compile(render.Identity{})
		errs = append(errs, err, t.checkImages())
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	t.addUsed()
	return t, nil
}

// Compile makes what fills the template for one identity, and the files that
// are the same in every pass, by path: images, and strings without placeholders.
// The zero Identity compiles it for a pretend one, to check rows only.
func (t *Template) Compile(id render.Identity) (*render.Template, map[string][]byte, error) {
	if id == (render.Identity{}) {
		id = t.pretend()
	}
	compiled, err := t.compile(id)
	if err != nil {
		return nil, nil, err
	}
	constant := compiled.Constant()
	maps.Copy(constant, t.Images)
	return compiled, constant, nil
}

// Identity returns what the template itself names, which a certificate has to
// fit; its members are empty where it names nothing.
func (t *Template) Identity() render.Identity { return t.rendered.Identity() }

// SerialField returns the field that the template has as serialNumber, a hint for
// the job; else the first one that every row must have, and "" if there is none.
func (t *Template) SerialField() string {
	if name := t.rendered.SerialField(); name != "" {
		return name
	}
	for _, f := range t.Fields {
		if !f.Optional && f.Default == "" {
			return f.Name
		}
	}
	return ""
}

// pretend is the identity that the template names itself, or a made-up one.
func (t *Template) pretend() render.Identity {
	id := t.rendered.Identity()
	return render.Identity{TypeID: cmp.Or(id.TypeID, "pass.example.sample"), TeamID: cmp.Or(id.TeamID, "ABCDE12345")}
}

func (t *Template) compile(id render.Identity) (*render.Template, error) {
	src := render.Source{JSON: t.Files[jsonFile], Strings: t.strings(), Compatible: t.Compatible}
	for _, f := range t.Fields {
		src.Fields = append(src.Fields, render.Field{
			Name: f.Name, Optional: f.Optional, JSON: f.Type == jobs.TypeJSON, Languages: f.Languages,
		})
	}
	return render.Compile(src, id)
}

// JSON returns template.json.
func (t *Template) JSON() []byte { return t.Files[jsonFile] }

func (t *Template) strings() map[string][]byte {
	all := make(map[string][]byte)
	for name, data := range t.Files {
		if kindOf(name) == stringsKind {
			all[name] = data
		}
	}
	return all
}

// addUsed appends the fields that are used but not declared. They are text,
// unless they fill a place whole that can hold no text.
func (t *Template) addUsed() {
	declared := make(map[string]bool)
	for _, f := range t.Fields {
		declared[jobs.FoldName(f.Name)] = true
		for _, l := range f.Languages {
			declared[jobs.FoldName(f.Name+"@"+l)] = true
		}
	}
	for _, f := range t.rendered.Fields() {
		if !declared[jobs.FoldName(f.Name)] {
			t.Fields = append(t.Fields, jobs.Field{Name: f.Name, Type: typeFor(f.Type), Optional: f.Optional})
		}
	}
}

func typeFor(want render.Type) jobs.Type {
	switch want {
	case render.Number:
		return jobs.TypeNumber
	case render.Integer:
		return jobs.TypeInteger
	case render.Boolean:
		return jobs.TypeBoolean
	case render.Date:
		return jobs.TypeDateTime
	case render.List, render.Object:
		return jobs.TypeJSON
	}
	return jobs.TypeText
}

// version hashes names and contents, each with its length in front, so that no
// two sets of files meet.
func version(files map[string][]byte) jobs.Hash {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for _, part := range [][]byte{[]byte(name), files[name]} {
			h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
			h.Write(part)
		}
	}
	return jobs.Hash(h.Sum(nil)[:len(jobs.Hash{})])
}
