package intake

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"passmill/jobs"
	"passmill/render"
)

// A language is one strings file.
type language struct {
	file    string // its path
	name    string // "de"
	entries []render.Entry
	index   map[string]int // of entries by key
	changed bool           // the file is written anew
}

// translations are the strings files of a pass.
type translations struct {
	languages []*language
	fill      []filling
}

// readTranslations reads the strings files. One that can't be read is taken out
// of files.
func (p *Pass) readTranslations(files map[string][]byte) *translations {
	t := &translations{}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasSuffix(file, ".strings") {
			continue
		}
		entries, mended, err := render.ParseStringsLoosely(file, files[file])
		if err != nil {
			p.lost(file, whyUnread(files[file], err))
			delete(files, file)
			continue
		}
		p.noteMended(mended)
		l := &language{file: file, name: strings.TrimSuffix(path.Dir(file), ".lproj"), index: make(map[string]int), changed: len(mended) > 0}
		last := make(map[string]int)
		for i, e := range entries {
			last[e.Key] = i
		}
		for i, e := range entries {
			switch {
			case i != last[e.Key]: // the last one stays
			case strings.Contains(e.Key, "$$"):
				p.lost(fmt.Sprintf("%s: entry %d", file, i+1), "a key with $$ can't stand in a template")
				l.changed = true
			default:
				l.index[e.Key] = len(l.entries)
				l.entries = append(l.entries, e)
			}
		}
		t.languages = append(t.languages, l)
	}
	return t
}

func whyUnread(data []byte, err error) string {
	if strings.HasPrefix(string(data), "bplist") {
		return "a compiled property list; write it out as text, each line \"key\" = \"value\";"
	}
	if e, ok := errors.AsType[*render.Error](err); ok {
		return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
	}
	return err.Error()
}

// has reports whether a text is a key in a strings file.
func (t *translations) has(key string) bool {
	return slices.ContainsFunc(t.languages, func(l *language) bool { return l.entry(key) != nil })
}

func (l *language) entry(key string) *render.Entry {
	if i, ok := l.index[key]; ok {
		return &l.entries[i]
	}
	return nil
}

// longest returns the longest of a text's translations, and of the text itself.
func (t *translations) longest(key, text string) string {
	for _, l := range t.languages {
		if e := l.entry(key); e != nil && len(e.Value) > len(text) {
			text = strings.TrimSpace(e.Value)
		}
	}
	return text
}

// readings returns by language what a row would have for a translated text, and
// why it can't have that.
func (t *translations) readings(key string) (found map[*language]reading, why string) {
	found = make(map[*language]reading)
	names := make(map[string]bool)
	for _, l := range t.languages {
		e := l.entry(key)
		if e == nil {
			continue
		}
		core, lead, trail := trim(e.Value)
		switch folded := jobs.FoldName(l.name); {
		case names[folded]:
			return nil, "is translated in two folders of one language"
		case core == "" || !cellText(core):
			return nil, "has a translation that a cell can't hold"
		default:
			names[folded] = true
			found[l] = reading{kind: jobs.TypeText, cell: core, lead: lead, trail: trail}
		}
	}
	return found, ""
}

// contents returns what the files say now, by path.
func (t *translations) contents() map[string]map[string]string {
	all := make(map[string]map[string]string)
	for _, l := range t.languages {
		all[l.file] = make(map[string]string)
		for _, e := range l.entries {
			all[l.file][e.Key] = e.Value
		}
	}
	return all
}

// write puts the strings files that changed into files.
func (t *translations) write(files map[string][]byte) {
	for _, l := range t.languages {
		if l.changed {
			files[l.file] = render.AppendStrings(nil, l.entries)
		}
	}
}

// A filling is a key whose translations are those of a field.
type filling struct {
	field *field
	key   string
	found map[*language]reading
}
