package main

import (
	"cmp"
	"encoding/json"
	"io"

	"passmill/render/preflight"
)

// judge says what passmill's rules find in each pass. What a phone would refuse
// is refused, and anything weaker is a warning. No images are given, so the
// rules about images say nothing; the peers get images that are right.
func judge(in io.Reader, out io.Writer) error {
	cases, err := readLines[Case](in)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(out)
	for _, c := range cases {
		if err := enc.Encode(verdict(c)); err != nil {
			return err
		}
	}
	return nil
}

func verdict(c Case) Verdict {
	var refusals, warnings []string
	for _, f := range preflight.Check([]byte(c.Pass), nil) {
		message := f.Rule.ID + " at " + cmp.Or(f.Path, "the pass")
		if f.Rule.Severity == preflight.Refused {
			refusals = append(refusals, message)
		} else {
			warnings = append(warnings, message)
		}
	}
	switch {
	case refusals != nil:
		return Verdict{ID: c.ID, Verdict: refused, Messages: refusals}
	case warnings != nil:
		return Verdict{ID: c.ID, Verdict: warns, Messages: warnings}
	}
	return Verdict{ID: c.ID, Verdict: ok}
}
