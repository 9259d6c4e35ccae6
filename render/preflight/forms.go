package preflight

import (
	"strings"

	"passmill/render"
)

// formFix shows the forms that the messages of wrongForm and wrongScalar name.
const formFix = `write a list as ["a", "b"], an object as {"name": "a"}, a text as "a", numbers, true and false without quotes`

// spoken says what a value is in the words of people who don't know JSON.
func spoken(k render.Kind) string {
	return [...]string{"null", "true or false", "a number", "a text", "a list", "an object"}[k]
}

// plain reports whether a value is no text, but holds nothing else either.
func plain(k render.Kind) bool { return k == render.BoolNode || k == render.NumberNode }

// wrongForm objects to a list or object in the place of a plain value, and the
// reverse.
func wrongForm(at *Place) string {
	want, have := at.Known.Type, at.Node.Kind
	switch {
	case want == render.Any || have == render.NullNode:
	case want == render.List && have != render.ArrayNode:
		return "is " + spoken(have) + ", where a list belongs"
	case want == render.Object && have != render.ObjectNode:
		return "is " + spoken(have) + ", where an object belongs"
	case want < render.List && have >= render.ArrayNode:
		return "is " + spoken(have) + ", where " + belongs(want) + " belongs"
	}
	return ""
}

// belongs says what a plain value of a type is.
func belongs(t render.Type) string {
	switch t {
	case render.Date:
		return "a date"
	case render.Number, render.Integer:
		return "a number"
	case render.Boolean:
		return "true or false"
	}
	return "a text"
}

// wrongScalar objects to a plain value of another type.
func wrongScalar(at *Place) string {
	want, have := at.Known.Type, at.Node.Kind
	if have == render.NullNode || have >= render.ArrayNode {
		return ""
	}
	switch {
	case want == render.Date: // another rule's
	case want.Textual() && have != render.StringNode:
		return "is " + spoken(have) + ", not a text"
	case (want == render.Number || want == render.Integer) && have != render.NumberNode:
		return "is " + spoken(have) + ", not a number"
	case want == render.Integer && strings.ContainsAny(at.Node.Text, ".eE"):
		return "is not a whole number"
	case want == render.Boolean && have != render.BoolNode:
		return "is " + spoken(have) + ", not true or false"
	}
	return ""
}
