package preflight

import (
	"strconv"
	"strings"

	"passmill/render"
)

var schemeRules = []Rule{
	{
		ID: "scheme", What: "a scheme is known, and has its older style beside it", Since: "iOS 18, 26", Severity: FallsBack,
		Source: "Apple: Creating an event pass; Creating an airline boarding pass",
		Fix:    `write ["posterEventTicket", "eventTicket"] or ["semanticBoardingPass", "boardingPass"], and that style`, Check: checkSchemes,
		Fails: []Example{
			{Change: `{"preferredStyleSchemes": ["poster"]}`, Path: "preferredStyleSchemes[0]"},
			{
				Change: strings.Replace(semanticBoarding(``), `"boardingPass": {"transitType": "PKTransitTypeAir", "primaryFields"`, `"generic": {"secondaryFields"`, 1),
				Path:   "preferredStyleSchemes[0]",
			},
		},
		Passes: []Example{{Change: posterTicket(``), Files: artwork}},
	},
	{
		ID: "scheme-semantics", What: "a scheme has the semantic tags that it needs", Since: "iOS 18, 26", Severity: FallsBack, Row: true,
		Source: "Apple: Creating an event pass; Creating an airline boarding pass; pass-builder",
		Phone:  `Failed to validate "posterEventTicket" scheme for pass: …`,
		Fix:    "fill the semantic tags that the scheme needs, or remove it from preferredStyleSchemes",
		Check:  checkSemantics,
		Fails: []Example{
			{Change: strings.Replace(posterTicket(``), `"venueRoom": "Hall 1"`, `"genre": "Jazz"`, 1), Files: artwork, Path: "semantics"},
			{Change: strings.Replace(posterTicket(``), `"venueRoom"`, `"eventType": "PKEventTypeSports", "venueRoom"`, 1), Files: artwork, Path: "semantics"},
			{Change: strings.Replace(semanticBoarding(``), `"airlineCode": "LV", `, ``, 1), Path: "semantics"},
			{Change: strings.Replace(semanticBoarding(``), `PKTransitTypeAir`, `PKTransitTypeTrain`, 1), Path: "boardingPass.transitType"},
		},
		Passes: []Example{{Change: posterTicket(``), Files: artwork}, {Change: semanticBoarding(``)}},
	},
	{
		ID: "scheme-legacy", What: "a scheme has fields beside it for older systems", Since: "iOS 18, 26", Severity: FallsBack,
		Source: "Apple: Creating an event pass; Creating an airline boarding pass",
		Fix:    "fill the style's fields too: older systems, and those where the scheme fails, show them", Check: checkLegacy,
		Fails: []Example{{
			Change: strings.Replace(posterTicket(``), `"primaryFields": [{"key": "event", "value": "Concert"}]`, ``, 1),
			Files:  artwork, Path: "eventTicket",
		}},
		Passes: []Example{{Change: posterTicket(``), Files: artwork}},
	},
	{
		ID: "scheme-nfc", What: "a poster event ticket has NFC that asks for authentication", Since: "iOS 18", Severity: Advice,
		Source: "pass-builder EventTicketValidator, an error there; Apple's pages differ: iOS 18.1 shows barcodes too",
		Fix:    "add nfc with requiresAuthentication if your readers take it", Check: checkSchemeNFC,
		Fails:  []Example{{Change: strings.Replace(posterTicket(``), `"nfc"`, `"userInfo"`, 1), Files: artwork, Path: "nfc"}},
		Passes: []Example{{Change: posterTicket(``), Files: artwork}},
	},
}

// A scheme is a look that a phone takes from semantic tags.
type scheme struct {
	style string   // that it takes the place of
	needs []string // tags without which it falls back, without a word; "a|b": one of them
}

var schemes = map[string]scheme{
	"posterEventTicket": {"eventTicket", []string{"eventName", "venueName", "venueRegionName", "venueRoom"}},
	"semanticBoardingPass": {"boardingPass", []string{
		"airlineCode", "flightNumber", "departureAirportCode", "departureCityName", "departureLocationTimeZone|departureAirportTimeZone",
		"destinationAirportCode", "destinationCityName", "destinationLocationTimeZone|destinationAirportTimeZone",
		"originalArrivalDate", "originalBoardingDate", "originalDepartureDate", "passengerName",
	}},
}

// ofEvents lists what poster tickets of a kind of event need besides.
var ofEvents = map[string][]string{
	"PKEventTypeSports":          {"homeTeamAbbreviation", "awayTeamAbbreviation"},
	"PKEventTypeLivePerformance": {"performerNames"},
}

// preferred calls f for each scheme that the pass asks for.
func (p *Pass) preferred(f func(name string, index int)) {
	if list := p.Root.Get("preferredStyleSchemes"); list != nil {
		for i := range list.Elems {
			f(list.Elems[i].Text, i)
		}
	}
}

func checkSchemes(p *Pass) (found []Finding) {
	p.preferred(func(name string, i int) {
		path := "preferredStyleSchemes[" + strconv.Itoa(i) + "]"
		s, known := schemes[name]
		switch {
		case known && !p.has(s.style):
			found = append(found, Finding{Path: path, Message: "asks for " + name + " without the style " + s.style})
		case !known && name != "eventTicket" && name != "boardingPass":
			found = append(found, Finding{Path: path, Message: "is no scheme that Apple names"})
		}
	})
	return found
}

func checkSemantics(p *Pass) (found []Finding) {
	p.preferred(func(name string, _ int) {
		semantics := p.Root.Get("semantics")
		needs := schemes[name].needs
		if name == "posterEventTicket" {
			needs = append(needs[:len(needs):len(needs)], ofEvents[text(semantics, "eventType")]...)
		}
		if missing := lacking(semantics, needs); missing != nil {
			found = append(found, Finding{Path: "semantics", Message: "lacks " + strings.Join(missing, ", ") + ", which " + name + " needs"})
		}
		if name == "semanticBoardingPass" && p.has("boardingPass") && text(p.Root.Get("boardingPass"), "transitType") != "PKTransitTypeAir" {
			found = append(found, Finding{Path: "boardingPass.transitType", Message: "is not PKTransitTypeAir, which " + name + " needs"})
		}
	})
	return found
}

// lacking returns which of some tags are missing, null or empty.
func lacking(semantics *render.Node, tags []string) (missing []string) {
	for _, tag := range tags {
		there := false
		for name := range strings.SplitSeq(tag, "|") {
			v := semantics.Get(name)
			there = there || v != nil && (v.Text != "" || len(v.Members)+len(v.Elems) > 0)
		}
		if !there {
			missing = append(missing, strings.ReplaceAll(tag, "|", " or "))
		}
	}
	return missing
}

func checkLegacy(p *Pass) (found []Finding) {
	p.preferred(func(name string, _ int) {
		style := p.Root.Get(schemes[name].style)
		if style == nil {
			return
		}
		for i := range style.Members {
			if len(style.Members[i].Value.Elems) > 0 {
				return
			}
		}
		found = append(found, Finding{Path: schemes[name].style, Message: "has no fields, so that older systems show an empty pass"})
	})
	return found
}

func checkSchemeNFC(p *Pass) []Finding {
	if !p.prefers("posterEventTicket") {
		return nil
	}
	switch auth := p.Root.Get("nfc").Get("requiresAuthentication"); {
	case !p.has("nfc"):
		return []Finding{{Path: "nfc", Message: "is missing on a poster event ticket"}}
	case auth == nil:
		return []Finding{{Path: "nfc.requiresAuthentication", Message: "is missing on a poster event ticket"}}
	}
	return nil
}
