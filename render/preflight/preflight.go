// Package preflight predicts what a phone would say of a pass: refuse it, show
// less than was meant, or show it oddly.
//
// The rules are data, in [Rules]: each has an id, a source, a severity, the text
// of a device's log where one is known, what to do, and examples that keep and
// break it. Where Apple contradicts itself, a rule warns and does not refuse;
// keys that are unknown are reported as advice, since they are kept.
//
// [Check] applies all rules to a finished pass and its files, once for each
// template. [CheckPass] applies those that the values of a row can break, once
// for each row. None of this was tried on a phone, and the package knows nothing
// of certificates, archives or rows.
package preflight

import (
	"cmp"
	"slices"
	"sync"

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
	What     string // what is asked, as a sentence without a full stop
	Source   string // who says so
	Since    string // the system that brought it; empty if it holds for all
	Severity Severity
	Phone    string // how the device's log puts it, where known
	Fix      string // what to do about it, as an imperative
	Row      bool   // the values of a row can break it
	// Chance says that a made-up value of a field breaks the rule or keeps it by
	// chance: nothing that a template is to blame for.
	Chance bool

	Fails, Passes []Example // that break the rule alone, and that keep it
	Check         func(*Pass) []Finding
}

// A Finding is a place where a pass breaks a rule. Its Message never quotes a
// value, so that it may stand in a log.
type Finding struct {
	Rule    *Rule
	Path    string // in pass.json: "barcodes[0].message"; else the name of a file
	Message string // lower case, without a full stop
}

// Rules lists all rules, in the order in which findings of one severity are
// reported.
var Rules = slices.Concat(
	jsonRules, topRules, styleRules, fieldRules, wordRules, countRules, messageRules, dateRules, relevanceRules, colorRules,
	barcodeRules, placeRules, serviceRules, nfcRules, appRules, schemeRules, semanticRules, upcomingRules, actionRules,
	posterRules, imageRules, imageSetRules, stringsRules, fileRules,
)

// ofRows are the indexes of the rules that values can break.
var ofRows = sync.OnceValue(func() (indexes []int) {
	for i := range Rules {
		if Rules[i].Row {
			indexes = append(indexes, i)
		}
	}
	return indexes
})

var everyRule = sync.OnceValue(func() (indexes []int) {
	for i := range Rules {
		indexes = append(indexes, i)
	}
	return indexes
})

// Check applies all rules; those about files only if files is not nil. The
// findings come with the worst first. A pass.json that is no JSON gives one
// finding. JSON is read as leniently as the passes of others need.
func Check(pass []byte, files *Files) []Finding { return check(pass, files, everyRule()) }

// CheckPass applies the rules that values can break. It is safe for concurrent
// use.
func CheckPass(pass []byte) []Finding { return check(pass, nil, ofRows()) }

// passes holds layouts to use again, with the memory for what is decoded: they
// are most of what a check allocates.
var passes = sync.Pool{New: func() any { return &Pass{Places: make([]Place, 0, 128), chains: make([]chain, 0, 16)} }}

func check(data []byte, files *Files, rules []int) []Finding {
	pass := passes.Get().(*Pass)
	defer pass.release()
	root, notes, err := pass.decoder.Decode("pass.json", data)
	if err != nil || root.Kind != render.ObjectNode {
		return []Finding{notJSON(err)}
	}
	pass.lay(root, files, notes)
	var all []Finding
	for _, i := range rules {
		rule := &Rules[i]
		for _, f := range rule.Check(pass) {
			f.Rule = rule
			f.Message = cmp.Or(f.Message, "breaks the rule: "+rule.What)
			all = append(all, f)
		}
	}
	slices.SortStableFunc(all, func(a, b Finding) int {
		return slices.Index(severities, a.Rule.Severity) - slices.Index(severities, b.Rule.Severity)
	})
	return all
}

// release lets the memory of a pass be used again, without the values of a row.
func (p *Pass) release() {
	clear(p.Places)
	p.Root, p.Files, p.notes = nil, nil, nil
	p.decoder.Forget()
	passes.Put(p)
}
