package render

import (
	"path"
	"strings"
)

// A stringsFile is a pass.strings that differs from row to row.
type stringsFile struct {
	path    string
	entries []stringsEntry // what the template says
	own     []translation  // what rows say
}

// A stringsEntry is one line of a strings file, escaped, or several of them.
type stringsEntry struct {
	key   string
	parts []part
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
	file := stringsFile{path: name, own: c.translations(name)}
	holds := len(file.own) > 0
	for _, e := range entries {
		if strings.Contains(e.Key, "$$") {
			c.add(e.at, "the key %q holds a placeholder; only values may", e.Key)
		}
		list, bad := pieces(e.Value)
		if bad != "" {
			c.add(e.valueAt, "%s", bad)
		}
		file.begin(e.Key)
		file.constant(string(appendQuoted(nil, e.Key)) + ` = "`)
		for _, p := range list {
			if p.name == "" {
				holds = holds || p.text != e.Value && len(list) == 1 // $$$$
				file.constant(string(appendStringsText(nil, p.text)))
				continue
			}
			holds = true
			file.add(part{slot: c.languageSlot(p.name, name)})
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

// begin begins an entry. Where no row can take one's place, all are one.
func (f *stringsFile) begin(key string) {
	if len(f.own) > 0 || len(f.entries) == 0 {
		f.entries = append(f.entries, stringsEntry{key: key})
	}
}

func (f *stringsFile) add(p part) {
	last := &f.entries[len(f.entries)-1]
	last.parts = append(last.parts, p)
}

func (f *stringsFile) constant(text string) {
	parts := f.entries[len(f.entries)-1].parts
	if n := len(parts); n > 0 && parts[n-1].slot == noSlot {
		parts[n-1].fixed = append(parts[n-1].fixed, text...)
		return
	}
	f.add(part{fixed: []byte(text), slot: noSlot})
}

// languageSlot returns the slot of Name@language if the field declares the
// language of the folder, else that of Name. Name@language is optional: without
// it Name's value stands in.
func (c *compiler) languageSlot(name, file string) int {
	plain := c.slot(name, false, String)
	language := languageOf(file)
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

// languageOf returns the language of a strings file, folded.
func languageOf(file string) string {
	return FoldName(strings.TrimSuffix(path.Dir(file), ".lproj"))
}

// fill appends the file. An absent value is nothing, and its entry stays, since
// without it a phone would show the key.
func (s *stringsFile) fill(dst []byte, f *filler) ([]byte, error) {
	start := len(dst)
	told, err := s.told(f)
	for i := range s.entries {
		e := &s.entries[i]
		if f.says(told, e.key) {
			continue // the row knows better
		}
		for j := range e.parts {
			if p := &e.parts[j]; p.slot == noSlot {
				dst = append(dst, p.fixed...)
			} else {
				text, _ := f.text(p.slot)
				dst = appendStringsText(dst, text)
			}
		}
	}
	for _, t := range told {
		dst = appendQuoted(dst, f.in.Values[t.plain].Text)
		dst = append(dst, " = "...)
		dst = appendQuoted(dst, f.in.Values[t.own].Text)
		dst = append(dst, ";\n"...)
	}
	return widen(dst, start), err
}
