package preflight

import (
	"time"

	"passmill/render"
)

var relevanceRules = []Rule{
	{
		ID: "date-order", What: "what ends does so after its start", Source: "Apple: Pass.RelevantDates, SemanticTags; pass-builder EventTicketValidator",
		Severity: LooksWrong, Row: true, Chance: true,
		Fix: "let the interval end after its start", Check: checkOrder,
		Fails: []Example{
			{Change: `{"eventTicket": {}, "relevantDates": [{"startDate": "2027-05-31T20:00Z", "endDate": "2027-05-31T20:00+02:00"}]}`, Path: "relevantDates[0].endDate"},
			{Change: `{"semantics": {"eventStartDate": "2027-05-31T20:00Z", "eventEndDate": "2027-05-31T18:00Z"}}`, Path: "semantics.eventEndDate"},
		},
		Passes: changes(`{"eventTicket": {}, "relevantDates": [{"startDate": "2027-05-31T20:00Z", "endDate": "2027-05-31T22:00Z"}]}`),
	},
	{
		ID: "date-span", What: "an interval of relevance spans at most 24 hours", Source: "passkit-generator's schema, not verified",
		Severity: LooksWrong, Row: true, Chance: true, Since: "iOS 18",
		Fix: "write several intervals", Check: func(p *Pass) []Finding { return p.all(render.RelevantDateShape, tooLongSpan) },
		Fails:  []Example{{Change: `{"eventTicket": {}, "relevantDates": [{"startDate": "2027-05-31T20:00Z", "endDate": "2027-06-02T20:00Z"}]}`, Path: "relevantDates[0].endDate"}},
		Passes: changes(`{"eventTicket": {}, "relevantDates": [{"startDate": "2027-05-31T20:00Z", "endDate": "2027-06-01T20:00Z"}]}`),
	},
	{
		ID: "relevant-date", What: "an entry of relevantDates is one date, or a start and an end", Source: "Apple: Pass.RelevantDates",
		Severity: FallsBack, Row: true, Since: "iOS 18",
		Fix: "give it startDate and endDate, or date and relevantDate", Check: func(p *Pass) []Finding { return p.all(render.RelevantDateShape, incomplete) },
		Fails: []Example{
			{Change: `{"eventTicket": {}, "relevantDates": [{"startDate": "2027-05-31T20:00Z"}]}`, Path: "relevantDates[0].endDate"},
			{Change: `{"eventTicket": {}, "relevantDates": [{}]}`, Path: "relevantDates[0]"},
		},
		Passes: changes(`{"eventTicket": {}, "relevantDates": [{"startDate": "2027-05-31T20:00Z", "endDate": "2027-05-31T22:00Z"}]}`),
	},
	{
		ID: "relevant-date-name", What: "a single relevant date stands under both of its names", Severity: FallsBack, Since: "iOS 18, 26",
		Source: "passkit-generator 3.5.0: iOS 26 renamed relevantDate to date",
		Fix:    "write the same date as date and as relevantDate", Check: func(p *Pass) []Finding { return p.all(render.RelevantDateShape, oneName) },
		Fails:  []Example{{Change: `{"eventTicket": {}, "relevantDates": [{"relevantDate": "2027-05-31T20:00Z"}]}`, Path: "relevantDates[0].date"}},
		Passes: changes(`{"eventTicket": {}, "relevantDates": [{"relevantDate": "2027-05-31T20:00Z", "date": "2027-05-31T20:00Z"}]}`),
	},
	{
		ID: "relevance-style", What: "store cards and coupons are relevant by places", Severity: Advice,
		Source: "Apple: Showing a pass on the lock screen; Wallet Developer Guide, table 4-2",
		Fix:    "add locations or beacons, or remove the dates", Check: checkRelevance,
		Fails:  []Example{{Change: `{"coupon": {}, "relevantDates": [{"startDate": "2027-05-31T20:00Z", "endDate": "2027-05-31T22:00Z"}]}`, Path: "relevantDates"}},
		Passes: changes(`{"relevantDate": "2027-05-31T20:00Z", "eventTicket": {}}`),
	},
	{
		ID: "max-distance", What: "maxDistance is a number of metres, for locations", Source: "Apple: Pass", Severity: LooksWrong, Row: true,
		Fix: "give metres above 0 beside locations, or remove it", Check: checkDistance,
		Fails: []Example{
			{Change: `{"maxDistance": 100}`, Path: "maxDistance"},
			{Change: `{"maxDistance": -5, "locations": [{"latitude": 50.9, "longitude": 6.9}]}`, Path: "maxDistance"},
		},
		Passes: changes(`{"maxDistance": 100, "locations": [{"latitude": 50.9, "longitude": 6.9}]}`),
	},
}

func checkOrder(p *Pass) []Finding {
	found := p.all(render.RelevantDateShape, func(at *Place) (key, message string) { return wrongOrder(at, "startDate", "endDate") })
	return append(found, p.all(render.SemanticsShape, func(at *Place) (key, message string) {
		return wrongOrder(at, "eventStartDate", "eventEndDate")
	})...)
}

func wrongOrder(at *Place, from, to string) (key, message string) {
	if d, ok := span(at.Node, from, to); ok && d <= 0 {
		return to, "is not after " + from
	}
	return "", ""
}

// span returns the time between two dates.
func span(n *render.Node, from, to string) (time.Duration, bool) {
	start, end := text(n, from), text(n, to)
	if start == "" || end == "" {
		return 0, false
	}
	a, ok := parseDate(start)
	b, ok2 := parseDate(end)
	return b.Sub(a), ok && ok2
}

func tooLongSpan(at *Place) (key, message string) {
	if d, ok := span(at.Node, "startDate", "endDate"); ok && d > 24*time.Hour {
		return "endDate", "is more than 24 hours after startDate"
	}
	return "", ""
}

func incomplete(at *Place) (key, message string) {
	start, end := at.Node.Get("startDate") != nil, at.Node.Get("endDate") != nil
	switch {
	case start && !end:
		return "endDate", "is missing beside startDate"
	case end && !start:
		return "startDate", "is missing beside endDate"
	case !start && at.Node.Get("date") == nil && at.Node.Get("relevantDate") == nil:
		return "", "holds no date"
	}
	return "", ""
}

func oneName(at *Place) (key, message string) {
	date, relevant := at.Node.Get("date") != nil, at.Node.Get("relevantDate") != nil
	switch {
	case relevant && !date:
		return "date", "is missing beside relevantDate, which iOS 26 doesn't read"
	case date && !relevant:
		return "relevantDate", "is missing beside date, which iOS 18 doesn't read"
	}
	return "", ""
}

func checkRelevance(p *Pass) []Finding {
	if !p.has("storeCard") && !p.has("coupon") || p.has("locations") || p.has("beacons") {
		return nil
	}
	for _, key := range []string{"relevantDates", "relevantDate"} {
		if p.has(key) {
			return []Finding{{Path: key, Message: "has no effect on store cards and coupons without a place"}}
		}
	}
	return nil
}

func checkDistance(p *Pass) []Finding {
	const path = "maxDistance"
	switch n, ok := number(p.Root, path); {
	case !p.has(path):
	case ok && n <= 0:
		return []Finding{{Path: path, Message: "is not above 0"}}
	case !p.has("locations"):
		return []Finding{{Path: path, Message: "says nothing without locations"}}
	}
	return nil
}
