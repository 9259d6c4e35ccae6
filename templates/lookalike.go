package templates

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"

	"passmill/jobs"
)

// lookalikes are placeholders as other programs write them. A match with the
// name of a field is hardly text.
var lookalikes = regexp.MustCompile(`\$\{(\w+)\}|\{\{\s*\.?(\w+)\s*\}\}|%(\w+)%|<<(\w+)>>|«(\w+)»|(?:^|[^$])\$(\w+)`)

// lintLookalikes finds the names of declared fields in the placeholders of other
// programs, which would be shown to customers as they stand.
func (t *Template) lintLookalikes() (found []Finding) {
	for number, line := range bytes.Split(t.JSON(), []byte{'\n'}) {
		for _, match := range lookalikes.FindAllSubmatchIndex(line, -1) {
			name := ""
			for i := 2; i < len(match); i += 2 {
				if match[i] >= 0 {
					name = string(line[match[i]:match[i+1]])
				}
			}
			if match[0] > 0 && line[match[0]] == '$' && line[match[0]-1] == '$' {
				continue // $${Name} is our own
			}
			declared := slices.ContainsFunc(t.Fields, func(f jobs.Field) bool { return jobs.FoldName(f.Name) == jobs.FoldName(name) })
			if !declared {
				continue
			}
			found = append(found, Finding{
				Severity: jobs.LooksWrong, Rule: "placeholder-style", File: jsonFile, Line: number + 1, Fields: []string{name},
				Message: "stands there in a form that is no placeholder, and would be shown as it is", Fix: fmt.Sprintf("write $$%s", name),
			})
		}
	}
	return found
}
