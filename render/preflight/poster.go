package preflight

var posterRules = []Rule{
	{
		ID: "poster-artwork", What: "a poster event ticket has artwork or a background", Since: "iOS 18", Severity: FallsBack,
		Source: "Apple: Creating an event pass; pass-builder EventTicketValidator",
		Phone:  `Failed to validate "posterEventTicket" scheme for pass: …`,
		Fix:    "add artwork@2x.png, 716 × 896 pixels, and artwork@3x.png, 1074 × 1344", Check: checkArtwork,
		Fails:  []Example{{Change: posterTicket(``), Path: "artwork.png"}},
		Passes: []Example{{Change: posterTicket(``), Files: artwork}},
	},
	{
		ID: "poster-generic-artwork", What: "a poster generic pass has artwork", Since: "iOS 27", Severity: Advice,
		Source: "Apple: Creating a poster generic pass; Human Interface Guidelines",
		Fix:    "add artwork@2x.png, 716 × 896 pixels, and artwork@3x.png, 1074 × 1344", Check: checkGenericArtwork,
		Fails:  []Example{{Change: `{"posterGeneric": {}, "storeCard": {}}`, Path: "artwork.png"}},
		Passes: []Example{{Change: `{"posterGeneric": {}, "storeCard": {}}`, Files: artwork}},
	},
	{
		ID: "poster-generic-alone", What: "a poster generic pass has an older style beside it", Since: "iOS 27", Severity: FallsBack,
		Source: "Apple: Creating a poster generic pass",
		Fix:    "add generic, storeCard, coupon or eventTicket with the same fields", Check: checkPosterAlone,
		Fails:  []Example{{Change: `{"posterGeneric": {}}`, Files: artwork, Path: "posterGeneric"}},
		Passes: []Example{{Change: `{"posterGeneric": {}, "generic": {}}`, Files: artwork}},
	},
}

func checkArtwork(p *Pass) []Finding {
	if p.Files == nil || !p.prefers("posterEventTicket") || p.Files.hasImage("artwork") || p.Files.hasImage("background") {
		return nil
	}
	return []Finding{{Path: "artwork.png", Message: "is missing, and background too, so that phones fall back to the older look without a word"}}
}

func checkGenericArtwork(p *Pass) []Finding {
	if p.Files == nil || !p.has("posterGeneric") || p.Files.hasImage("artwork") {
		return nil
	}
	return []Finding{{Path: "artwork.png", Message: "is missing on a poster generic pass"}}
}

func checkPosterAlone(p *Pass) []Finding {
	if !p.has("posterGeneric") {
		return nil
	}
	for _, style := range []string{"boardingPass", "coupon", "eventTicket", "generic", "storeCard"} {
		if p.has(style) {
			return nil
		}
	}
	return []Finding{{Path: "posterGeneric", Message: "stands alone, so that systems before iOS 27 find no style that they know"}}
}
