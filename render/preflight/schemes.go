package preflight

import (
	"strings"

	"passmill/render"
)

var schemeRules = []Rule{{
	ID: "scheme-semantics", Source: "Apple: Creating an event pass; Creating an airline boarding pass", Since: "iOS 18, iOS 26",
	Severity: FallsBack, Row: true,
	Phone: `Failed to validate "posterEventTicket" scheme for pass: …`,
	Fix:   "fill the semantic tags that the scheme needs, or remove it from preferredStyleSchemes",
	Check: checkSchemes,
}}

// schemes lists the semantic tags without which a phone falls back to the older
// look, without a word to the user.
var schemes = map[string][]string{
	"posterEventTicket": {"eventName", "venueName", "venueRegionName", "venueRoom"},
	"semanticBoardingPass": {
		"airlineCode", "flightNumber", "departureAirportCode", "departureCityName", "departureLocationTimeZone",
		"destinationAirportCode", "destinationCityName", "destinationLocationTimeZone",
		"originalArrivalDate", "originalBoardingDate", "originalDepartureDate", "passengerName",
	},
}

func checkSchemes(p *Pass) []Finding {
	preferred := p.Root.Get("preferredStyleSchemes")
	if preferred == nil || preferred.Kind != render.ArrayNode {
		return nil
	}
	var found []Finding
	semantics := p.Root.Get("semantics")
	for i := range preferred.Elems {
		scheme := preferred.Elems[i].Text
		var missing []string
		for _, tag := range schemes[scheme] {
			if semantics.Get(tag) == nil {
				missing = append(missing, tag)
			}
		}
		if missing != nil {
			found = append(found, Finding{Path: "semantics", Message: "lacks " + strings.Join(missing, ", ") + ", which " + scheme + " needs"})
		}
	}
	return found
}
