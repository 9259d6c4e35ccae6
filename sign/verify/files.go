package verify

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image/png"
	"path"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Files that a pass may have besides images and strings ("Building a Pass").
var knownFiles = []string{"pass.json", "manifest.json", "signature", "personalization.json"}

var icons = []string{"icon.png", "icon@2x.png", "icon@3x.png"}

// checkFiles looks at the files beside pass.json.
func (r *Report) checkFiles(b *bundle) {
	if !slices.ContainsFunc(b.names, isIcon) {
		r.add("no-icon", "the pass has no icon.png, icon@2x.png or icon@3x.png")
	}
	for _, name := range b.names {
		if dir := path.Dir(name); dir != "." && (strings.Contains(dir, "/") || !strings.HasSuffix(dir, ".lproj")) {
			r.add("unknown-file", "%q lies in a folder that is none of a language (xx.lproj)", name)
		}
		content, ok := b.files[name]
		if !ok {
			continue
		}
		switch ext := strings.ToLower(path.Ext(name)); {
		case ext == ".png":
			if _, err := png.DecodeConfig(bytes.NewReader(content)); err != nil {
				r.add("image-damaged", "%q is not a PNG image: %v", name, err)
			}
		case ext == ".strings":
			if err := checkText(content); err != nil {
				r.add("strings", "%q is not a text: %v", name, err)
			}
		case !slices.Contains(knownFiles, name) && ext != ".pdf":
			r.add("unknown-file", "%q is no file that a pass is known to have", name)
		}
	}
}

// isIcon reports whether a file is an icon, of all languages or of one.
func isIcon(name string) bool {
	dir, file := path.Split(name)
	return slices.Contains(icons, file) && (dir == "" || strings.HasSuffix(dir, ".lproj/"))
}

// checkText says why a strings file cannot be decoded. Both UTF-8 and UTF-16
// with a byte order mark are in use.
func checkText(content []byte) error {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(content, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(content, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	case bytes.HasPrefix(content, []byte("bplist")):
		return nil // a compiled property list, which phones read too
	case !utf8.Valid(content):
		return errors.New("it is neither UTF-8 nor UTF-16 with a byte order mark")
	default:
		return nil
	}
	if len(content)%2 != 0 {
		return errors.New("it begins as UTF-16, but has an odd number of bytes")
	}
	for i := 0; i < len(content); i += 2 {
		unit := rune(order.Uint16(content[i:]))
		if !utf16.IsSurrogate(unit) {
			continue
		}
		if i+4 > len(content) || utf16.DecodeRune(unit, rune(order.Uint16(content[i+2:]))) == utf8.RuneError {
			return errors.New("it begins as UTF-16, but has half a character")
		}
		i += 2
	}
	return nil
}
