package main

import (
	"fmt"

	"passmill/render/preflight"
)

// examples are those of passmill's own rules, as far as they change pass.json.
func examples() []Case {
	var cases []Case
	add := func(rule, kind string, list []preflight.Example) {
		for i, e := range list {
			if e.Change == "" && e.Text == "" {
				continue // it is about the files
			}
			pass, _ := e.Pass()
			cases = append(cases, Case{ID: fmt.Sprintf("rule/%s/%s-%d", rule, kind, i+1), Pass: string(pass)})
		}
	}
	for _, rule := range preflight.Rules {
		add(rule.ID, "fails", rule.Fails)
		add(rule.ID, "passes", rule.Passes)
	}
	return cases
}
