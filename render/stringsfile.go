package render

import (
	"path"
	"strings"
)

// A stringsFile is a pass.strings whose values hold placeholders.
type stringsFile struct {
	path  string
	parts []part // the whole file, escaped
}

// stringsFile reads a strings file into t: as a file to fill, or as a constant.
// A constant one stays as it is, unless it is UTF-8 beyond ASCII, which phones
// don't read: then the same text becomes UTF-16.
func (c *compiler) stringsFile(t *Template, name string, data []byte) error {
	text, err := decodeText(data)
	if err == nil {
		c.problems = problems{file: name, text: text}
	}
	entries, err := ParseStrings(name, data)
	if err != nil {
		return err
	}
	file := stringsFile{path: name}
	holds := false
	for _, e := range entries {
		if strings.Contains(e.Key, "$$") {
			c.add(e.at, "the key %q holds a placeholder; only values may", e.Key)
		}
		list, bad := pieces(e.Value)
		if bad != "" {
			c.add(e.valueAt, "%s", bad)
		}
		file.constant(string(appendQuoted(nil, e.Key)) + ` = "`)
		for _, p := range list {
			if p.name == "" {
				holds = holds || p.text != e.Value && len(list) == 1 // $$$$
				file.constant(string(appendStringsText(nil, p.text)))
				continue
			}
			holds = true
			file.parts = append(file.parts, part{slot: c.languageSlot(p.name, name)})
		}
		file.constant("\";\n")
	}
	if holds {
		t.files = append(t.files, file)
	} else if t.constant[name] = data; !marked(data) {
		t.constant[name] = widen([]byte(text), 0)
	}
	return c.err()
}

// marked reports whether data begins with a byte order mark of UTF-16.
func marked(data []byte) bool {
	return len(data) >= 2 && (data[0] == 0xff && data[1] == 0xfe || data[0] == 0xfe && data[1] == 0xff)
}

func (f *stringsFile) constant(text string) {
	if n := len(f.parts); n > 0 && f.parts[n-1].slot == noSlot {
		f.parts[n-1].fixed = append(f.parts[n-1].fixed, text...)
		return
	}
	f.parts = append(f.parts, part{fixed: []byte(text), slot: noSlot})
}

// languageSlot returns the slot of Name@language if the field declares the
// language of the folder, else that of Name. Name@language is optional: without
// it Name's value stands in.
func (c *compiler) languageSlot(name, file string) int {
	plain := c.slot(name, false, String)
	language := FoldName(strings.TrimSuffix(path.Dir(file), ".lproj"))
	for _, l := range c.declared[FoldName(name)].Languages {
		if FoldName(l) != language {
			continue
		}
		full := c.names[plain] + "@" + l
		i, known := c.slots[FoldName(full)]
		if !known {
			i = len(c.names)
			c.slots[FoldName(full)] = i
			c.names = append(c.names, full)
			c.used = append(c.used, Field{Name: full, Optional: true, Type: String})
			c.dependents = append(c.dependents, plain)
		}
		return i
	}
	return plain
}

// fill appends the file. An absent value is nothing, and its entry stays, since
// without it a phone would show the key.
func (s *stringsFile) fill(dst []byte, f *filler) []byte {
	start := len(dst)
	for i := range s.parts {
		if p := &s.parts[i]; p.slot == noSlot {
			dst = append(dst, p.fixed...)
		} else {
			text, _ := f.text(p.slot)
			dst = appendStringsText(dst, text)
		}
	}
	return widen(dst, start)
}
