package preflight

import (
	"strings"

	"passmill/render"
)

var messageRules = []Rule{
	{
		ID: "change-message", What: "a change message holds %@", Source: "Apple: PassFieldContent", Severity: Advice,
		Fix: "write %@ where the new value belongs, here or in pass.strings", Check: func(p *Pass) []Finding { return p.all(render.FieldShape, p.silentChange) },
		Fails: []Example{
			{Change: `{"storeCard": {"headerFields": [{"key": "points", "value": 12, "changeMessage": "You have more"}]}}`, Path: "storeCard.headerFields[0].changeMessage"},
			{
				Change: `{"storeCard": {"headerFields": [{"key": "points", "value": 12, "changeMessage": "more"}]}}`,
				Files:  map[string]string{"de.lproj/pass.strings": `"more" = "Mehr Punkte"; "Member" = "Mitglied"; "Club card" = "Karte";`},
				Path:   "storeCard.headerFields[0].changeMessage",
			},
		},
		Passes: changes(`{"storeCard": {"headerFields": [{"key": "points", "value": 12, "changeMessage": "You have %@"}]}}`),
	},
	{
		ID: "change-together", What: "one change is told by one field", Severity: Advice, Chance: true,
		Source: "users' reports: a phone shows one message for all changes of an update",
		Fix:    "keep the changeMessage of one of the fields", Check: checkTogether,
		Fails: []Example{{
			Change: `{"storeCard": {"headerFields": [{"key": "a", "value": "Gold", "changeMessage": "Now %@"}],
				"backFields": [{"key": "b", "value": "Gold", "changeMessage": "Your level is %@"}]}}`,
			Path: "storeCard.backFields[0].value",
		}},
		Passes: changes(`{"storeCard": {"headerFields": [{"key": "a", "value": "Gold", "changeMessage": "Now %@"}], "backFields": [{"key": "b", "value": "Gold"}]}}`),
	},
}

// silentChange objects to a message, or a translation of it, without %@.
func (p *Pass) silentChange(at *Place) (key, message string) {
	m := text(at.Node, "changeMessage")
	switch {
	case m == "" || strings.Contains(m, "%@"):
	case p.translated(m, func(value string) bool { return !strings.Contains(value, "%@") }):
		return "changeMessage", "holds no %@ in one of the languages, so nobody there is told of a change"
	case strings.Contains(m, " ") && !p.translated(m, func(string) bool { return true }):
		return "changeMessage", "holds no %@, so nobody is told of a change"
	}
	return "", ""
}

// translated reports whether a language has a translation of a text that is.
func (p *Pass) translated(key string, is func(value string) bool) bool {
	if p.Files == nil {
		return false
	}
	for _, s := range p.Files.Strings {
		for _, e := range s.Entries {
			if e.Key == key && is(e.Value) {
				return true
			}
		}
	}
	return false
}

// checkTogether looks for fields that show the same and so change together.
func checkTogether(p *Pass) []Finding {
	seen := make(map[string]bool)
	return p.all(render.FieldShape, func(at *Place) (key, message string) {
		v := at.Node.Get("value")
		if v == nil || v.Kind >= render.ArrayNode || v.Text == "" || text(at.Node, "changeMessage") == "" {
			return "", ""
		}
		if seen[v.Text] {
			return "value", "is shown by another field with a changeMessage too, so that one change has two messages"
		}
		seen[v.Text] = true
		return "", ""
	})
}
