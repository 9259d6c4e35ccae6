package preflight

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"passmill/render"
)

var stringsRules = []Rule{
	{
		ID: "strings", What: "strings are text in UTF-8, or UTF-16 with a byte order mark", Severity: FallsBack,
		Source: "Apple: Creating the source for a pass; what a phone does is not verified",
		Fix:    "save the file as UTF-8 or UTF-16", Check: checkDecoded,
		Fails:  []Example{{Files: map[string]string{"de.lproj/pass.strings": "\"caf\xe9\" = \"x\";"}, Path: "de.lproj/pass.strings"}},
		Passes: []Example{{Files: map[string]string{"de.lproj/pass.strings": `"Member" = "Mitglied"; "Club card" = "Karte";`}}},
	},
	{
		ID: "strings-syntax", What: `a line of strings reads "key" = "value";`, Source: "Apple: Creating the source for a pass", Severity: FallsBack,
		Fix: "mend the line", Check: checkReadable,
		Fails:  []Example{{Files: map[string]string{"de.lproj/pass.strings": `"Member" = "Mitglied"`}, Path: "de.lproj/pass.strings"}},
		Passes: []Example{{Files: map[string]string{"de.lproj/pass.strings": `"Member" = "Mitglied"; "Club card" = "Karte";`}}},
	},
	{
		ID: "strings-utf16", What: "strings with more than ASCII are UTF-16", Source: "Apple: Creating the source for a pass; real passes break it and install", Severity: Advice,
		Fix: "save the file as UTF-16 with a byte order mark", Check: checkNarrow,
		Fails:  []Example{{Files: map[string]string{"de.lproj/pass.strings": `"Member" = "Müller"; "Club card" = "Karte";`}, Path: "de.lproj/pass.strings"}},
		Passes: []Example{{Files: map[string]string{"de.lproj/pass.strings": `"Member" = "Mitglied"; "Club card" = "Karte";`}}},
	},
	{
		ID: "strings-keys", What: "all languages translate the same texts; one that repeats them needs no more", Source: "Apple: Creating the source for a pass", Severity: LooksWrong,
		Fix: "add what is missing", Check: checkStringKeys,
		Fails: []Example{{
			Files: map[string]string{
				"de.lproj/pass.strings": `"Member" = "Mitglied"; "Club card" = "Karte";`, "fr.lproj/pass.strings": `"Member" = "Membre";`,
			},
			Path: "fr.lproj/pass.strings",
		}},
		Passes: []Example{{Files: map[string]string{
			"de.lproj/pass.strings": `"Member" = "Mitglied"; "Club card" = "Karte";`, "fr.lproj/pass.strings": `"Member" = "Membre"; "Club card" = "Carte";`,
		}}, {Files: map[string]string{
			"de.lproj/pass.strings": `"Member" = "Mitglied"; "Club card" = "Karte";`, "en.lproj/pass.strings": `"Member" = "Member";`,
		}}},
	},
	{
		ID: "strings-missing", What: "where texts are translated, all labels and messages are", Source: "Apple: Creating the source for a pass", Severity: Advice, Chance: true,
		Fix: "add it to each pass.strings, or leave it if it reads the same everywhere", Check: checkUntranslated,
		Fails:  []Example{{Files: map[string]string{"de.lproj/pass.strings": `"Club card" = "Karte";`}, Path: "storeCard.primaryFields[0].label"}},
		Passes: []Example{{Files: map[string]string{"de.lproj/pass.strings": `"Member" = "Mitglied"; "Club card" = "Karte";`}}},
	},
}

// strings returns a finding for each strings file that wrong objects to.
func (p *Pass) strings(wrong func(Strings) string) (found []Finding) {
	if p.Files == nil {
		return nil
	}
	for _, s := range p.Files.Strings {
		if message := wrong(s); message != "" {
			found = append(found, Finding{Path: s.Name, Message: message})
		}
	}
	return found
}

func checkDecoded(p *Pass) []Finding {
	return p.strings(func(s Strings) string {
		if s.Undecoded == "" {
			return ""
		}
		return "is no text that phones read: " + s.Undecoded
	})
}

func checkReadable(p *Pass) []Finding {
	return p.strings(func(s Strings) string {
		if s.Unreadable == "" {
			return ""
		}
		return "can't be read to its end: " + s.Unreadable
	})
}

func checkNarrow(p *Pass) []Finding {
	return p.strings(func(s Strings) string {
		if !s.Narrow {
			return ""
		}
		return "has more than ASCII, but is not UTF-16"
	})
}

// whole reports whether all of the strings could be read; only then can it be
// said what lacks.
func (f *Files) whole() bool {
	return f != nil && !slices.ContainsFunc(f.Strings, func(s Strings) bool { return s.Undecoded != "" || s.Unreadable != "" || s.Entries == nil })
}

func checkStringKeys(p *Pass) []Finding {
	if !p.Files.whole() {
		return nil
	}
	all := make(map[string]bool)
	for _, s := range p.Files.Strings {
		for _, e := range s.Entries {
			all[e.Key] = true
		}
	}
	return p.strings(func(s Strings) string {
		if repeats(s) {
			return ""
		}
		missing := make(map[string]bool, len(all))
		for key := range all {
			missing[key] = true
		}
		for _, e := range s.Entries {
			delete(missing, e.Key)
		}
		return lacks(missing)
	})
}

// repeats reports whether strings are those of the language that pass.json is
// written in: each text stands for itself, and so does one that is not there.
func repeats(s Strings) bool {
	return len(s.Entries) > 0 && !slices.ContainsFunc(s.Entries, func(e render.Entry) bool { return e.Key != e.Value })
}

// lacks names keys of strings, a few of them.
func lacks(missing map[string]bool) string {
	const most = 5
	var names []string
	for key := range missing {
		names = append(names, fmt.Sprintf("%q", key))
	}
	slices.Sort(names)
	switch n := len(names) - most; {
	case n > 0:
		names = append(names[:most], fmt.Sprintf("and %d more", n))
	case len(names) == 0:
		return ""
	}
	return "lacks " + strings.Join(names, ", ") + ", which another language has"
}

// localized are the keys whose texts a pass writes, other than the values that
// differ from pass to pass.
var localized = map[*render.Shape][]string{
	render.PassShape:     {"description", "logoText", "eventLogoText"},
	render.FieldShape:    {"label", "changeMessage"},
	render.LocationShape: {"relevantText"},
	render.BeaconShape:   {"relevantText"},
}

func checkUntranslated(p *Pass) (found []Finding) {
	if !p.Files.whole() || len(p.Files.Strings) == 0 || !p.translates() {
		return nil
	}
	told := make(map[string]bool)
	for i := range p.Places {
		at := &p.Places[i]
		for _, key := range localized[at.Of] {
			m := text(at.Node, key)
			if told[m] || !strings.ContainsFunc(m, unicode.IsLetter) || p.translated(m, func(string) bool { return true }) {
				continue
			}
			told[m] = true
			found = append(found, Finding{Path: join(p.Path(at), key), Message: "is translated in no language, though others are"})
		}
	}
	return found
}

// translates reports whether one of the texts of pass.json is translated.
func (p *Pass) translates() bool {
	return slices.ContainsFunc(p.Places, func(at Place) bool {
		return at.Node.Kind == render.StringNode && at.Key != "" && p.translated(at.Node.Text, func(string) bool { return true })
	})
}
