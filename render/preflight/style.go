package preflight

import (
	"slices"
	"strings"

	"passmill/render"
)

var styleRules = []Rule{
	{
		ID: "style", What: "a pass has one style; posterGeneric may stand beside it", Severity: Refused,
		Source: "Apple: Pass; Creating a poster generic pass",
		Fix:    "keep exactly one of " + strings.Join(render.Styles, ", "), Check: checkStyle,
		Fails: []Example{
			{Change: `{"storeCard": null}`},
			{Change: `{"coupon": {"primaryFields": []}, "storeCard": {}}`, Path: "storeCard"},
		},
		Passes: changes(`{"coupon": {}}`),
	},
	{
		ID: "transit-type", What: "a boarding pass says what it boards", Source: "Apple: PassFields.BoardingPass",
		Severity: Refused, Row: true, Chance: true,
		Fix: "write one of " + strings.Join(transitTypes, ", "), Check: checkTransit,
		Fails: []Example{
			{Change: `{"boardingPass": {}}`, Path: "boardingPass.transitType"},
			{Change: `{"boardingPass": {"transitType": "PKTransitTypeSpace"}}`, Path: "boardingPass.transitType"},
		},
		Passes: changes(`{"boardingPass": {"transitType": "PKTransitTypeTrain"}}`),
	},
	{
		ID: "transit-type-unused", What: "only a boarding pass has a transitType", Source: "Apple: PassFields.BoardingPass", Severity: Advice,
		Fix: "remove it", Check: func(p *Pass) []Finding { return p.all(render.StyleShape, p.uselessTransit) },
		Fails:  []Example{{Change: `{"coupon": {"transitType": "PKTransitTypeAir"}}`, Path: "coupon.transitType"}},
		Passes: changes(`{"boardingPass": {"transitType": "PKTransitTypeAir"}}`),
	},
	{
		ID: "grouping", What: "only boarding passes and event tickets are grouped", Source: "Apple: Pass", Severity: Advice,
		Fix: "remove it", Check: checkGrouping,
		Fails:  []Example{{Change: `{"groupingIdentifier": "a"}`, Path: "groupingIdentifier"}},
		Passes: changes(`{"eventTicket": {}, "groupingIdentifier": "a"}`),
	},
	{
		ID: "user-info", What: "userInfo has at most 4096 bytes", Source: "a user's report, not verified", Severity: Advice, Row: true,
		Fix: "keep there what an app needs to find the rest", Check: checkUserInfo,
		Fails:  []Example{{Change: `{"userInfo": {"note": "` + strings.Repeat("x", 4096) + `"}}`, Path: "userInfo"}},
		Passes: changes(`{"userInfo": {"note": "x"}}`),
	},
}

var transitTypes = []string{"PKTransitTypeAir", "PKTransitTypeBoat", "PKTransitTypeBus", "PKTransitTypeGeneric", "PKTransitTypeTrain"}

func checkStyle(p *Pass) []Finding {
	var have []string
	for _, style := range render.Styles {
		if p.has(style) {
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
	switch kind := text(boarding, "transitType"); {
	case slices.Contains(transitTypes, kind):
		return nil
	case kind == "":
		return []Finding{{Path: path, Message: "is missing"}}
	}
	return []Finding{{Path: path, Message: "is no transit type"}}
}

func (p *Pass) uselessTransit(at *Place) (key, message string) {
	if at.Key != "boardingPass" && at.Node.Get("transitType") != nil {
		return "transitType", "says nothing outside boarding passes"
	}
	return "", ""
}

func checkGrouping(p *Pass) []Finding {
	if p.has("groupingIdentifier") && !p.has("boardingPass") && !p.has("eventTicket") {
		return []Finding{{Path: "groupingIdentifier", Message: "groups nothing but boarding passes and event tickets"}}
	}
	return nil
}

func checkUserInfo(p *Pass) []Finding {
	if info := p.Root.Get("userInfo"); info != nil && len(info.AppendJSON(nil)) > 4096 {
		return []Finding{{Path: "userInfo", Message: "has more than 4096 bytes"}}
	}
	return nil
}
