package preflight

import (
	"slices"
	"strings"

	"passmill/render"
)

var topRules = []Rule{
	{
		ID: "required-key", Source: "Apple: Pass, PassFieldContent, Pass.Barcodes, Pass.Locations, Pass.Beacons", Severity: Refused, Row: true,
		Fix: "add it to the template", Check: checkRequired,
	},
	{
		ID: "format-version", Source: "Apple: Pass", Severity: Refused,
		Message: "is not 1", Fix: "leave it out: passmill sets it", Check: checkVersion,
	},
	{
		ID: "type", Source: "Apple: Pass", Severity: Refused, Row: true,
		Fix: "write it as Apple's page has it", Check: func(p *Pass) []Finding { return p.each(wrongForm) },
	},
	{
		ID: "loose-type", Source: "Apple: Pass; real passes break it and install", Severity: FallsBack, Row: true,
		Fix: "declare the field's type so that it fits", Check: func(p *Pass) []Finding { return p.each(wrongScalar) },
	},
	{
		ID: "style", Source: "Apple: Pass; Creating a poster generic pass", Severity: Refused,
		Fix: "keep exactly one of " + strings.Join(render.Styles, ", "), Check: checkStyle,
	},
	{
		ID: "transit-type", Source: "Apple: PassFields.BoardingPass", Severity: Refused, Row: true,
		Fix: "set transitType to PKTransitTypeAir, Boat, Bus, Generic or Train", Check: checkTransit,
	},
	{
		ID: "unknown-key", Source: "Apple: Pass", Severity: Advice,
		Message: "is no key that Apple's pages name; it is kept", Fix: "check the spelling", Check: checkUnknown,
	},
	{
		ID: "null", Source: "Apple: Pass", Severity: Advice, Row: true,
		Message: "is null", Fix: "leave the key out",
		Check: func(p *Pass) []Finding {
			return p.each(func(at *Place) string {
				if at.Node.Kind == render.NullNode {
					return "is null"
				}
				return ""
			})
		},
	},
}

func checkRequired(p *Pass) []Finding {
	var found []Finding
	for i := range p.Places {
		at := &p.Places[i]
		if at.Of == nil {
			continue
		}
		for _, key := range at.Of.Required {
			if v := at.Node.Get(key); v == nil || v.Kind == render.NullNode {
				found = append(found, Finding{Path: join(p.Path(at), key), Message: "is missing"})
			}
		}
	}
	return found
}

func checkVersion(p *Pass) []Finding {
	if v := p.Root.Get("formatVersion"); v == nil || v.Kind == render.NumberNode && v.Text == "1" {
		return nil
	}
	return []Finding{{Path: "formatVersion"}}
}

// wrongForm objects to a list or object in the place of a plain value, and the
// reverse.
func wrongForm(at *Place) string {
	want, have := at.Known.Type, at.Node.Kind
	switch {
	case want == render.Any || have == render.NullNode:
	case want == render.List && have != render.ArrayNode:
		return "is " + have.String() + ", not a list"
	case want == render.Object && have != render.ObjectNode:
		return "is " + have.String() + ", not an object"
	case want < render.List && have >= render.ArrayNode:
		return "is " + have.String() + ", not a plain value"
	}
	return ""
}

// wrongScalar objects to a plain value of another type.
func wrongScalar(at *Place) string {
	want, have := at.Known.Type, at.Node.Kind
	if have == render.NullNode || have >= render.ArrayNode {
		return ""
	}
	switch {
	case want.Textual() && have != render.StringNode:
		return "is " + have.String() + ", not a string"
	case (want == render.Number || want == render.Integer) && have != render.NumberNode:
		return "is " + have.String() + ", not a number"
	case want == render.Integer && strings.ContainsAny(at.Node.Text, ".eE"):
		return "is not a whole number"
	case want == render.Boolean && have != render.BoolNode:
		return "is " + have.String() + ", not true or false"
	}
	return ""
}

func checkStyle(p *Pass) []Finding {
	var have []string
	for _, style := range render.Styles {
		if p.Root.Get(style) != nil {
			have = append(have, style)
		}
	}
	plain := slices.DeleteFunc(slices.Clone(have), func(s string) bool { return s == "posterGeneric" })
	switch {
	case len(have) == 0:
		return []Finding{{Message: "the pass has no style key"}}
	case len(plain) > 1:
		return []Finding{{Path: plain[1], Message: "stands beside another style key: " + plain[0]}}
	}
	return nil
}

func checkTransit(p *Pass) []Finding {
	boarding := p.Root.Get("boardingPass")
	if boarding == nil || boarding.Kind != render.ObjectNode {
		return nil
	}
	const path = "boardingPass.transitType"
	switch text(boarding, "transitType") {
	case "PKTransitTypeAir", "PKTransitTypeBoat", "PKTransitTypeBus", "PKTransitTypeGeneric", "PKTransitTypeTrain":
		return nil
	case "":
		return []Finding{{Path: path, Message: "is missing"}}
	}
	return []Finding{{Path: path, Message: "is no transit type"}}
}

func checkUnknown(p *Pass) []Finding {
	return p.each(func(at *Place) string {
		if at.Named {
			return ""
		}
		shape := p.Places[at.parent].Of
		for key := range shape.Keys {
			if render.FoldName(key) == render.FoldName(at.Key) {
				return "is no key of Apple's, but " + key + " is"
			}
		}
		return "is no key that Apple's pages name; it is kept"
	})
}
