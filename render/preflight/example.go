package preflight

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"passmill/render"
)

// An Example is a change of a specimen that breaks no rule.
type Example struct {
	// Change is what differs in pass.json, as a merge patch of RFC 7396: null
	// removes a key. A style in it takes the place of the specimen's own.
	Change string
	// Files says what differs in the files: an image's size as "76x76" or its
	// format if that is not PNG, the text of strings, "none" for a file that is
	// taken away.
	Files map[string]string
	Text  string // the whole of pass.json, instead of a change
	Path  string // where the rule is broken
}

// specimen is pass.json of a small pass that breaks no rule.
const specimen = `{
  "formatVersion": 1,
  "passTypeIdentifier": "pass.example.club",
  "teamIdentifier": "ABCDE12345",
  "serialNumber": "7",
  "organizationName": "Club",
  "description": "Club card",
  "storeCard": {
    "primaryFields": [{"key": "name", "label": "Member", "value": "Ada"}]
  }
}`

var specimenFiles = map[string]string{"icon@2x.png": "76x76", "icon@3x.png": "114x114"}

// changes makes examples of changes of pass.json.
func changes(list ...string) []Example {
	examples := make([]Example, len(list))
	for i := range list {
		examples[i].Change = list[i]
	}
	return examples
}

// Pass returns the example's pass.json and what the pass holds besides.
func (e Example) Pass() ([]byte, *Files) {
	if e.Text != "" {
		return []byte(e.Text), e.files()
	}
	whole := mustDecode(specimen)
	if e.Change == "" {
		return []byte(specimen), e.files()
	}
	change := mustDecode(e.Change)
	if slices.ContainsFunc(render.Styles, func(style string) bool { return change.Get(style) != nil }) {
		whole.Members = slices.DeleteFunc(whole.Members, func(m render.Member) bool { return m.Key == "storeCard" })
	}
	whole = merge(whole, change)
	return whole.AppendJSON(nil), e.files()
}

func mustDecode(text string) render.Node {
	n, err := render.Decode("example", []byte(text))
	if err != nil {
		panic(fmt.Sprintf("preflight: an example that is no JSON: %v\n%s", err, text))
	}
	return *n
}

// merge applies a patch as RFC 7396 says.
func merge(target, patch render.Node) render.Node {
	if patch.Kind != render.ObjectNode || target.Kind != render.ObjectNode {
		return patch
	}
	for _, m := range patch.Members {
		i := slices.IndexFunc(target.Members, func(t render.Member) bool { return t.Key == m.Key })
		switch {
		case m.Value.Kind == render.NullNode && i >= 0:
			target.Members = slices.Delete(target.Members, i, i+1)
		case m.Value.Kind == render.NullNode:
		case i >= 0:
			target.Members[i].Value = merge(target.Members[i].Value, m.Value)
		default:
			target.Members = append(target.Members, m)
		}
	}
	return target
}

// files returns the files as a reader of the real ones would describe them.
func (e Example) files() *Files {
	said := maps.Clone(specimenFiles)
	maps.Copy(said, e.Files)
	files := &Files{}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		what := said[name]
		if what == "none" {
			continue
		}
		files.Names = append(files.Names, name)
		switch {
		case strings.HasSuffix(name, ".png"):
			img := Image{Name: name}
			if n, _ := fmt.Sscanf(what, "%dx%d", &img.Width, &img.Height); n != 2 {
				img.Problem = "is " + what
			}
			files.Images = append(files.Images, img)
		case strings.HasSuffix(name, ".strings"):
			files.Strings = append(files.Strings, readStrings(name, []byte(what)))
		}
	}
	return files
}
