package preflight

import (
	"bytes"
	"errors"
	"image/png"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"passmill/render"
)

// Files is what the rules know of what a pass holds besides pass.json.
type Files struct {
	Names   []string // of all, sorted
	Images  []Image
	Strings []Strings
}

// An Image is what the rules know of an image of the pass.
type Image struct {
	Name          string // its path: "icon@2x.png", "de.lproj/logo.png"
	Width, Height int    // in pixels
	Problem       string // why it is no PNG image, such as "is a JPEG image"
}

// Strings is what the rules know of a strings file.
type Strings struct {
	Name       string // "de.lproj/pass.strings"
	Entries    []render.Entry
	Undecoded  string // why it is no text
	Unreadable string // why the text holds no strings
	Narrow     bool   // it has more than ASCII, but not in UTF-16
}

// ReadFiles returns what the rules need of the files of a pass, by path. Images
// are not decoded beyond their size.
func ReadFiles(contents map[string][]byte) *Files {
	files := &Files{}
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		files.Names = append(files.Names, name)
		switch path.Ext(name) {
		case ".png":
			files.Images = append(files.Images, readImage(name, contents[name]))
		case ".strings":
			files.Strings = append(files.Strings, readStrings(name, contents[name]))
		}
	}
	return files
}

func readImage(name string, data []byte) Image {
	config, err := png.DecodeConfig(bytes.NewReader(data))
	if err == nil {
		return Image{Name: name, Width: config.Width, Height: config.Height}
	}
	kind, isImage := strings.CutPrefix(http.DetectContentType(data), "image/")
	switch {
	case len(data) == 0:
		return Image{Name: name, Problem: "is empty"}
	case isImage && kind != "png":
		return Image{Name: name, Problem: "is an image of the format " + strings.ToUpper(kind)}
	}
	return Image{Name: name, Problem: "is no PNG image that can be read"}
}

func readStrings(name string, data []byte) Strings {
	s := Strings{Name: name}
	if bytes.HasPrefix(data, []byte("bplist")) {
		return s // a compiled property list, which phones read too
	}
	entries, err := render.ParseStrings(name, data)
	s.Entries = entries
	s.Narrow = err == nil && utf8.Valid(data) && bytes.ContainsFunc(data, func(r rune) bool { return r >= utf8.RuneSelf })
	if at, ok := errors.AsType[*render.Error](err); ok {
		s.Unreadable = at.Message
	} else if err != nil {
		s.Undecoded = strings.TrimPrefix(err.Error(), name+": ")
	}
	return s
}

// language returns the folder of a file, "" for the top one.
func language(name string) string {
	dir, _ := path.Split(name)
	return strings.TrimSuffix(dir, "/")
}
