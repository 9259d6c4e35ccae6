package render_test

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"

	"passmill/render"
)

// A reference fills a template slowly and obviously: decode the tree, replace
// in its strings, drop, encode. It knows the value dialect only.
type reference struct {
	values map[string]render.Value // by folded name
}

// plainValue is the type of a field's value that a person reads.
const plainValue render.Type = 255

var token = regexp.MustCompile(`\$\$\$\$|\$\$\{[^}]*\}|\$\$\pL[\pL\pN_]*`)

// pass returns the decoded tree of the filled pass.
func (r reference) pass(template string) map[string]any {
	var tree map[string]any
	if err := json.Unmarshal([]byte(template), &tree); err != nil {
		panic(err)
	}
	filled, _ := r.fill(tree, render.Key{Type: render.Object, Of: render.PassShape})
	pass := filled.(map[string]any)
	pass["formatVersion"], pass["serialNumber"] = 1.0, "S"
	pass["passTypeIdentifier"], pass["teamIdentifier"] = identity.TypeID, identity.TeamID
	return pass
}

// fill returns v filled; kept is false if it is to be dropped.
func (r reference) fill(v any, key render.Key) (filled any, kept bool) {
	switch v := v.(type) {
	case string:
		return r.str(v, key.Type)
	case []any:
		list, lost := []any{}, false
		for _, e := range v {
			if e, kept := r.fill(e, render.Key{Of: key.Of}); kept {
				list = append(list, e)
			} else {
				lost = true
			}
		}
		return list, !lost || len(list) > 0
	case map[string]any:
		return r.object(v, key.Of)
	}
	return v, true
}

func (r reference) object(v map[string]any, shape *render.Shape) (any, bool) {
	if shape == nil {
		shape = &render.Shape{}
	}
	object, lost, useless := map[string]any{}, false, false
	for k, e := range v {
		key := shape.Keys[k]
		if shape == render.FieldShape && k == "value" && v["dateStyle"] == nil && v["timeStyle"] == nil {
			key.Type = plainValue
		}
		if e, kept := r.fill(e, key); kept {
			object[k] = e
			continue
		}
		lost = true
		for _, set := range shape.Needs {
			for _, need := range set {
				useless = useless || need == k
			}
		}
	}
	for _, set := range shape.Needs {
		whole := true
		for _, need := range set {
			_, there := object[need]
			whole = whole && there
		}
		useless = useless && !whole
	}
	return object, shape.Stays || !useless && !(lost && len(object) == 0)
}

func (r reference) str(s string, want render.Type) (any, bool) {
	if m := token.FindString(s); m == s && m != "" && m != "$$$$" {
		v := r.values[render.FoldName(strings.Trim(m, "${}"))]
		isString := strings.HasPrefix(v.JSON, `"`)
		if v.Present && v.JSON != "" && (!want.Textual() || want == render.Date && isString) && !(isString && want == plainValue) {
			var any any
			if err := json.Unmarshal([]byte(v.JSON), &any); err != nil {
				panic(err)
			}
			return any, true
		}
		if !v.Present {
			return nil, false
		}
	}
	absent := false
	filled := token.ReplaceAllStringFunc(s, func(m string) string {
		if m == "$$$$" {
			return "$$"
		}
		v := r.values[render.FoldName(strings.Trim(m, "${}"))]
		absent = absent || !v.Present
		if want == render.HTML {
			return html.EscapeString(v.Text)
		}
		return v.Text
	})
	return filled, !absent || strings.TrimSpace(filled) != ""
}
