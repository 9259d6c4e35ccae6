// Package preflight predicts what a phone would say of a pass: refuse it, show
// less than was meant, or show it oddly.
//
// The rules are data, in [Rules]: each has an id, a source, a severity, the text
// of a device's log where one is known, and what to do. Where Apple contradicts
// itself, a rule warns and does not refuse; keys that are unknown are reported
// as advice, since they are kept.
//
// [Check] applies all rules to a finished pass and its images, once for each
// template. [CheckPass] applies those that the values of a row can break, once
// for each row. None of this was tried on a phone, and the package knows nothing
// of certificates, archives or rows.
package preflight

import (
	"cmp"
	"slices"

	"passmill/render"
)

// A Severity says what becomes of a pass that breaks a rule.
type Severity string

// The severities, worst first.
const (
	Refused    Severity = "refused"     // the phone, or a scanner, would not take it
	FallsBack  Severity = "falls back"  // the phone shows less than was meant
	LooksWrong Severity = "looks wrong" // shown, but not as a person expects
	Advice     Severity = "advice"
)

var severities = []Severity{Refused, FallsBack, LooksWrong, Advice}

// A Rule is one thing that Apple, or a barcode's standard, asks of a pass.
type Rule struct {
	ID       string // stable and short: "barcode-content"
	Source   string // who says so
	Since    string // the system that brought it; empty if it holds for all
	Severity Severity
	Message  string // what is wrong, where a finding has no words of its own
	Phone    string // how the device's log puts it, where known
	Fix      string // what to do about it, as an imperative
	Row      bool   // the values of a row can break it
	Check    func(*Pass) []Finding
}

// A Finding is a place where a pass breaks a rule. Its Message never quotes a
// value, so that it may stand in a log.
type Finding struct {
	Rule    *Rule
	Path    string // in the pass: "barcodes[0].message"; the file's name for an image
	Message string // lower case, without a full stop
}

// An Image is what the rules know of an image of the pass.
type Image struct {
	Name          string // its path: "icon@2x.png", "de.lproj/logo.png"
	Width, Height int    // in pixels
}

// Check applies all rules. The findings come with the worst first. A pass.json
// that is no JSON gives one finding.
func Check(pass []byte, images []Image) []Finding {
	return check(pass, images, false)
}

// CheckPass applies the rules that values can break. It is safe for concurrent
// use.
func CheckPass(pass []byte) []Finding {
	return check(pass, nil, true)
}

var notJSON = &Rule{
	ID: "json", Source: "RFC 8259", Severity: Refused, Row: true,
	Message: "is no JSON object", Fix: "mend pass.json",
}

func check(data []byte, images []Image, rowsOnly bool) []Finding {
	root, err := render.Decode("pass.json", data)
	if err != nil || root.Kind != render.ObjectNode {
		return []Finding{{Rule: notJSON, Message: notJSON.Message}}
	}
	pass := newPass(root, images)
	var all []Finding
	for i := range Rules {
		rule := &Rules[i]
		if rowsOnly && !rule.Row {
			continue
		}
		for _, f := range rule.Check(pass) {
			f.Rule = rule
			f.Message = cmp.Or(f.Message, rule.Message)
			all = append(all, f)
		}
	}
	slices.SortStableFunc(all, func(a, b Finding) int {
		return slices.Index(severities, a.Rule.Severity) - slices.Index(severities, b.Rule.Severity)
	})
	return all
}

// Rules lists all rules, in the order in which findings of one severity are
// reported.
var Rules = slices.Concat(topRules, fieldRules, dateRules, colorRules, barcodeRules, placeRules, serviceRules, schemeRules, imageRules)
