package templates

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"passmill/jobs"
	"passmill/render"
)

// lintStrings finds keys that one language fills from the rows and that another
// lacks, though it only repeats texts: such a key is no text, but a name for one.
// In a language that translates, the rule strings-keys finds them.
func (t *Template) lintStrings() (found []Finding) {
	files := make(map[string]map[string]string)
	var named []string
	for name, data := range t.Files {
		if path.Base(name) != "pass.strings" {
			continue
		}
		entries, err := render.ParseStrings(name, data)
		if err != nil {
			continue // said elsewhere
		}
		files[name] = make(map[string]string)
		for _, e := range entries {
			files[name][e.Key] = e.Value
			if strings.Contains(strings.ReplaceAll(e.Value, "$$$$", ""), "$$") && !slices.Contains(named, e.Key) {
				named = append(named, e.Key)
			}
		}
	}
	slices.Sort(named)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for _, key := range named {
			if _, there := files[name][key]; there || !repeats(files[name]) {
				continue
			}
			found = append(found, Finding{
				Severity: jobs.LooksWrong, Rule: "strings-keys", File: name,
				Message: fmt.Sprintf("lacks %q, which another language fills from the rows, so that phones show the key itself", key), Fix: "add it",
			})
		}
	}
	return found
}

func repeats(texts map[string]string) bool {
	for key, value := range texts {
		if key != value {
			return false
		}
	}
	return len(texts) > 0
}
