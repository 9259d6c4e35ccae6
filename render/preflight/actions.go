package preflight

import (
	"slices"
	"strings"

	"passmill/render"
)

var actionRules = []Rule{
	{
		ID: "action-count", What: "a pass has at most two featured actions", Source: "Apple: Defining the metadata", Since: "iOS 27",
		Severity: FallsBack, Row: true,
		Fix: "keep two", Check: func(p *Pass) []Finding { return p.tooMany("featuredActions", 2) },
		Fails:  []Example{{Change: repeated("featuredActions", 3, `{"identifier": "#", "type": "shop", "url": "https://example.com/"}`), Path: "featuredActions"}},
		Passes: changes(repeated("featuredActions", 2, `{"identifier": "#", "type": "shop", "url": "https://example.com/"}`)),
	},
	{
		ID: "action", What: "a featured action has an identifier, a type of Apple's and an address", Since: "iOS 27", Severity: FallsBack, Row: true, Chance: true,
		Source: "Apple: Defining the metadata; pass-builder Pass+Action.swift; passkit-generator",
		Fix:    "complete it; an action of the type place has a placeIdentifier instead of url", Check: checkActions,
		Fails: []Example{
			{Change: `{"featuredActions": [{"type": "shop", "url": "https://example.com/"}]}`, Path: "featuredActions[0].identifier"},
			{Change: `{"featuredActions": [{"identifier": "a", "type": "buy", "url": "https://example.com/"}]}`, Path: "featuredActions[0].type"},
			{Change: `{"featuredActions": [{"identifier": "a", "type": "shop"}]}`, Path: "featuredActions[0].url"},
			{Change: `{"featuredActions": [{"identifier": "a", "type": "place", "url": "https://example.com/"}]}`, Path: "featuredActions[0].placeIdentifier"},
		},
		Passes: changes(`{"featuredActions": [{"identifier": "a", "type": "shop", "url": "https://example.com/"}, {"identifier": "b", "type": "place", "placeIdentifier": "I1"}]}`),
	},
	{
		ID: "action-scheme", What: "passes of a scheme have no featured actions", Source: "passkit-generator, not verified", Since: "iOS 27", Severity: Advice,
		Fix: "leave one of the two out", Check: checkActionScheme,
		Fails:  []Example{{Change: semanticBoarding(`"featuredActions": [{"identifier": "a", "type": "shop", "url": "https://example.com/"}]`), Path: "featuredActions"}},
		Passes: changes(`{"featuredActions": [{"identifier": "a", "type": "shop", "url": "https://example.com/"}]}`),
	},
}

var actionTypes = strings.Fields("viewSchedule watchTrailer listenToMusic call place addToBalance order shop membershipBenefits " +
	"bookAppointment bookCar bookFlight bookStay viewOffersRewards")

func checkActions(p *Pass) []Finding {
	seen := make(map[string]bool)
	return p.all(render.ActionShape, func(at *Place) (key, message string) {
		id, kind, target := text(at.Node, "identifier"), text(at.Node, "type"), "url"
		if kind == "place" {
			target = "placeIdentifier"
		}
		switch {
		case id == "":
			return "identifier", "is missing"
		case seen[id]:
			return "identifier", "is that of another action too"
		case !slices.Contains(actionTypes, kind):
			return "type", "is no type of action that Apple names"
		case text(at.Node, target) == "":
			return target, "is missing"
		}
		seen[id] = true
		return "", ""
	})
}

func checkActionScheme(p *Pass) []Finding {
	if p.has("featuredActions") && (p.prefers("posterEventTicket") || p.prefers("semanticBoardingPass")) {
		return []Finding{{Path: "featuredActions", Message: "is said not to be shown where preferredStyleSchemes is followed"}}
	}
	return nil
}
