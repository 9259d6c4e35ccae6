package render

import (
	"maps"
	"slices"
	"strings"
)

// localizable are the keys whose text a phone looks up in pass.strings, by the
// shape that holds them: what Apple's pages call a localizable string.
var localizable = map[*Shape]string{
	PassShape:     "description logoText organizationName",
	FieldShape:    "label value changeMessage",
	LocationShape: "relevantText",
	BeaconShape:   "relevantText",
}

// A translation is a text of pass.json that a row brings in a language as well.
type translation struct {
	plain, own int // the slots of Name and of Name@language
}

// translates notes that the leaf of a key is one whole placeholder: then the
// row's own translations of it go into pass.strings by themselves.
func (c *compiler) translates(shape *Shape, key string, l *leaf) {
	if l == nil || !l.whole || !slices.Contains(strings.Fields(localizable[shape]), key) {
		return
	}
	slot := l.parts[0].slot
	if len(c.declared[FoldName(c.names[slot])].Languages) > 0 && !slices.Contains(c.translated, slot) {
		c.translated = append(c.translated, slot)
	}
}

// stringsPaths returns the paths of all strings files: those of the source, and
// one for each language that has none and that a translated field declares.
func (c *compiler) stringsPaths(given map[string][]byte) []string {
	paths := slices.Collect(maps.Keys(given))
	for _, slot := range c.translated {
		for _, l := range c.declared[FoldName(c.names[slot])].Languages {
			if !slices.ContainsFunc(paths, func(p string) bool { return languageOf(p) == FoldName(l) }) {
				paths = append(paths, l+".lproj/pass.strings")
			}
		}
	}
	slices.Sort(paths)
	return paths
}

// translations returns what rows bring in the language of a strings file.
func (c *compiler) translations(file string) (list []translation) {
	for _, slot := range c.translated {
		if own := c.languageSlot(c.names[slot], file); own != slot {
			list = append(list, translation{slot, own})
		}
	}
	return list
}

// told returns which of its texts the row has in the language of the file. Each
// text is the key of its entry, so a phone in any other language shows it as it
// stands, and one without a translation needs no entry.
func (s *stringsFile) told(f *filler) (told []translation, err error) {
	for _, t := range s.own {
		text, own := &f.in.Values[t.plain], &f.in.Values[t.own]
		if !text.Present || !own.Present {
			continue
		}
		i := slices.IndexFunc(told, func(u translation) bool { return f.in.Values[u.plain].Text == text.Text })
		if i < 0 {
			told = append(told, t)
		} else if f.in.Values[told[i].own].Text != own.Text {
			err = &ValueError{Name: f.names[t.own], Err: ErrTranslatedTwice}
		}
	}
	return told, err
}

// says reports whether a text is among those that the row has in a language.
func (f *filler) says(told []translation, text string) bool {
	return slices.ContainsFunc(told, func(t translation) bool { return f.in.Values[t.plain].Text == text })
}
