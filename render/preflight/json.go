package preflight

import (
	"errors"
	"strconv"
	"strings"

	"passmill/render"
)

var jsonRules = []Rule{
	{
		ID: "json", What: "pass.json is a JSON object", Source: "RFC 8259", Severity: Refused, Row: true,
		Fix:    "mend pass.json",
		Check:  func(*Pass) []Finding { return nil }, // a pass that breaks it can't be laid out: see notJSON
		Fails:  []Example{{Text: `{"description": }`}, {Text: `[]`}},
		Passes: changes(`{}`),
	},
	{
		ID: "json-loose", What: "pass.json has no comments and no comma too many",
		Source: "RFC 8259; real passes break it", Severity: LooksWrong,
		Fix: "remove it: not every reader of passes is as lenient as this one", Check: checkLoose,
		Fails:  []Example{{Text: strings.Replace(specimen, "{", "{ // made by hand", 1)}, {Text: strings.TrimSuffix(specimen, "}") + ",}"}},
		Passes: changes(`{}`),
	},
	{
		ID: "duplicate-key", What: "no key stands twice in one object", Source: "RFC 8259", Severity: LooksWrong,
		Fix: "keep one of the two: phones take either", Check: checkTwice,
		Fails:  []Example{{Text: strings.TrimSuffix(specimen, "}") + `, "description": "Card"}`}},
		Passes: changes(`{}`),
	},
}

// notJSON is the one finding in a pass that can't be read.
func notJSON(err error) Finding {
	f := Finding{Rule: &Rules[0], Message: "is no JSON object"}
	if at, ok := errors.AsType[*render.Error](err); ok {
		f.Message += ", as line " + strconv.Itoa(at.Line) + " shows"
	}
	return f
}

const twice = "stands twice in one object" // how package render puts it

func checkLoose(p *Pass) []Finding { return p.noted(false) }

func checkTwice(p *Pass) []Finding { return p.noted(true) }

// noted returns what was noted of keys that stand twice, or of the rest.
func (p *Pass) noted(ofKeys bool) []Finding {
	var found []Finding
	for _, note := range p.notes {
		if strings.HasSuffix(note.Message, twice) == ofKeys {
			found = append(found, Finding{Message: "line " + strconv.Itoa(note.Line) + ": " + note.Message})
		}
	}
	return found
}
