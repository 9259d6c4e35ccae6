package preflight

import (
	"maps"
	"slices"
	"strings"

	"passmill/render"
)

var topRules = []Rule{
	{
		ID: "required-key", What: "a key that Apple calls required is there", Severity: Refused, Row: true,
		Source: "Apple: Pass, PassFieldContent, Pass.Barcodes, Pass.Locations, Pass.Beacons, Pass.NFC",
		Fix:    "add it to the template", Check: checkRequired,
		Fails: []Example{
			{Change: `{"description": null}`, Path: "description"},
			{Change: `{"storeCard": {"primaryFields": [{"value": "Ada"}]}}`, Path: "storeCard.primaryFields[0].key"},
			{Change: `{"barcodes": [{"format": "PKBarcodeFormatQR", "message": "7"}]}`, Path: "barcodes[0].messageEncoding"},
			{Change: `{"locations": [{"longitude": 6.9}]}`, Path: "locations[0].latitude"},
		},
		Passes: changes(`{}`, `{"locations": [{"latitude": 50.9, "longitude": 6.9}]}`),
	},
	{
		ID: "required-empty", What: "a required text is not empty", Source: "Apple: Pass; what a phone does is not known",
		Severity: LooksWrong, Row: true, Fix: "give it a text", Check: checkEmpty,
		Fails:  []Example{{Change: `{"description": ""}`, Path: "description"}},
		Passes: changes(`{"description": "Club card"}`),
	},
	{
		ID: "format-version", What: "formatVersion is the number 1", Source: "Apple: Pass", Severity: Refused,
		Fix: "leave it out: passmill sets it", Check: checkVersion,
		Fails:  []Example{{Change: `{"formatVersion": 2}`, Path: "formatVersion"}},
		Passes: changes(`{"formatVersion": 1}`, `{"formatVersion": 1.0}`),
	},
	{
		ID: "type", What: "lists, objects and plain values stand where Apple has them", Source: "Apple: Pass", Severity: Refused, Row: true,
		Fix: formFix, Check: func(p *Pass) []Finding { return p.core(wrongForm) },
		Fails: []Example{
			{Change: `{"associatedStoreIdentifiers": 5}`, Path: "associatedStoreIdentifiers"},
			{Change: `{"organizationName": ["Club"]}`, Path: "organizationName"},
			{Change: `{"storeCard": {"backFields": ["terms"]}}`, Path: "storeCard.backFields[0]"},
		},
		Passes: changes(`{"associatedStoreIdentifiers": [5]}`),
	},
	{
		ID: "loose-type", What: "plain values have the type that Apple names", Source: "Apple: Pass; real passes break it and install",
		Severity: FallsBack, Row: true,
		Fix: "declare the field's type so that it fits", Check: func(p *Pass) []Finding { return p.core(wrongScalar) },
		Fails: []Example{
			{Change: `{"description": 5}`, Path: "description"},
			{Change: `{"voided": "true"}`, Path: "voided"},
			{Change: `{"associatedStoreIdentifiers": ["5"]}`, Path: "associatedStoreIdentifiers[0]"},
		},
		Passes: changes(`{"description": "5", "voided": true}`),
	},
	{
		ID: "unknown-key", What: "a key is one that Apple's pages name; others are kept", Source: "Apple: Pass", Severity: Advice,
		Fix: "check the spelling", Check: checkUnknown,
		Fails: []Example{
			{Change: `{"logotext": "Club"}`, Path: "logotext"},
			{Change: `{"backgroundColour": "rgb(1, 2, 3)"}`, Path: "backgroundColour"},
			{Change: `{"storeCard": {"primaryFields": [{"key": "name", "value": "Ada", "blink": true}]}}`, Path: "storeCard.primaryFields[0].blink"},
		},
		Passes: changes(`{"logoText": "Club"}`, `{"userInfo": {"anything": 1}}`),
	},
	{
		ID: "null", What: "no value is null", Source: "Apple: Pass", Severity: Advice, Row: true, Fix: "leave the key out",
		Check: func(p *Pass) []Finding {
			return p.unfit(func(at *Place) string {
				if at.Node.Kind == render.NullNode {
					return "is null"
				}
				return ""
			})
		},
		Fails:  []Example{{Change: `{"locations": [{"latitude": 50.9, "longitude": 6.9, "altitude": null}]}`, Path: "locations[0].altitude"}},
		Passes: changes(`{"locations": [{"latitude": 50.9, "longitude": 6.9}]}`),
	},
}

func checkRequired(p *Pass) []Finding {
	found := p.lacks(&p.Places[0])
	for i := range p.chains {
		if p.chains[i].of.Required == nil {
			continue
		}
		for at := p.chains[i].first; at != 0; at = p.Places[at].next {
			found = append(found, p.lacks(&p.Places[at])...)
		}
	}
	return found
}

// lacks returns a finding for each required key that an object has not.
func (p *Pass) lacks(at *Place) (found []Finding) {
	for _, key := range at.Of.Required {
		if v := at.Node.Get(key); v == nil || v.Kind == render.NullNode {
			found = append(found, Finding{Path: join(p.Path(at), key), Message: "is missing"})
		}
	}
	return found
}

func checkEmpty(p *Pass) []Finding {
	var found []Finding
	for _, key := range render.PassShape.Required {
		if v := p.Root.Get(key); v != nil && v.Kind == render.StringNode && strings.TrimSpace(v.Text) == "" {
			found = append(found, Finding{Path: key, Message: "is empty"})
		}
	}
	return found
}

func checkVersion(p *Pass) []Finding {
	if n, ok := number(p.Root, "formatVersion"); !p.has("formatVersion") || ok && n == 1 {
		return nil
	}
	return []Finding{{Path: "formatVersion", Message: "is not 1"}}
}

// core is each without what a phone leaves out if it can't read it.
func (p *Pass) core(wrong func(at *Place) string) []Finding {
	return p.unfit(func(at *Place) string {
		if at.Extra {
			return ""
		}
		return wrong(at)
	})
}

func checkUnknown(p *Pass) []Finding {
	return p.each(func(at *Place) string {
		if at.Named {
			return ""
		}
		return unknown("key", at.Key, p.Places[at.parent].Of)
	})
}

// unknown says of a key that a shape doesn't know it, and what was meant.
func unknown(kind, key string, of *render.Shape) string {
	known := slices.Sorted(maps.Keys(of.Keys))
	for _, k := range known {
		if render.FoldName(k) == render.FoldName(key) {
			return "is no " + kind + " of Apple's, but " + k + " is"
		}
	}
	also := ""
	if near := render.Nearest(key, known); near != "" {
		also = " (" + near + " is one)"
	}
	return "is no " + kind + " that Apple's pages name" + also + "; it is kept"
}
