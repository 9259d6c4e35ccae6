package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// writeCases writes the real passes, the bases, a changed base per patch, and the
// examples of passmill's rules.
// It is run in this folder.
func writeCases(out io.Writer) error {
	cases, err := allCases()
	if err != nil {
		return err
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for _, c := range cases {
		if err := enc.Encode(c); err != nil {
			return err
		}
	}
	return nil
}

func allCases() ([]Case, error) {
	real, err := files("real", "../../../render/testdata/passes/*.json")
	if err != nil {
		return nil, err
	}
	bases, err := files("base", "bases/*.json")
	if err != nil {
		return nil, err
	}
	patched, err := patches(bases)
	if err != nil {
		return nil, err
	}
	cases := slices.Concat(real, bases, patched, examples())
	seen := make(map[string]bool)
	for _, c := range cases {
		if seen[c.ID] {
			return nil, fmt.Errorf("two cases have the id %s", c.ID)
		}
		seen[c.ID] = true
	}
	return cases, nil
}

func files(group, pattern string) ([]Case, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("no file matches %s here: %v", pattern, err)
	}
	var cases []Case
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		cases = append(cases, Case{ID: group + "/" + name, Pass: string(data)})
	}
	return cases, nil
}

// patches applies each merge patch (RFC 7386: null removes a key) of
// patches.json to its base.
func patches(bases []Case) ([]Case, error) {
	var list []struct {
		ID, Base string
		Patch    map[string]any
	}
	data, err := os.ReadFile("patches.json")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("patches.json: %w", err)
	}
	texts := make(map[string]string)
	for _, b := range bases {
		texts[b.ID] = b.Pass
	}
	var cases []Case
	for _, p := range list {
		var pass map[string]any
		if err := json.Unmarshal([]byte(texts["base/"+p.Base]), &pass); err != nil {
			return nil, fmt.Errorf("base %s of patch %s: %w", p.Base, p.ID, err)
		}
		text, err := json.Marshal(merge(pass, p.Patch))
		if err != nil {
			return nil, err
		}
		cases = append(cases, Case{ID: "patch/" + p.ID, Pass: string(text)})
	}
	return cases, nil
}

func merge(into, patch map[string]any) map[string]any {
	for key, value := range patch {
		inner, isObject := value.(map[string]any)
		have, hasObject := into[key].(map[string]any)
		switch {
		case value == nil:
			delete(into, key)
		case isObject && hasObject:
			into[key] = merge(have, inner)
		default:
			into[key] = value
		}
	}
	return into
}
