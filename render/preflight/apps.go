package preflight

import (
	"slices"
	"strings"
)

var appRules = []Rule{
	{
		ID: "app-launch", What: "appLaunchURL stands beside associatedStoreIdentifiers", Source: "Apple: Pass", Severity: FallsBack,
		Fix: "add the identifier of the app", Check: checkAppLaunch,
		Fails:  []Example{{Change: `{"appLaunchURL": "club:card"}`, Path: "appLaunchURL"}},
		Passes: changes(`{"appLaunchURL": "club:card", "associatedStoreIdentifiers": [123456789]}`),
	},
	{
		ID: "poster-only", What: "keys of poster event tickets stand on those only", Source: "Apple: Pass; pass-builder Pass.swift",
		Since: "iOS 18", Severity: Advice,
		Fix: "remove it, or ask for the scheme posterEventTicket", Check: checkPosterOnly,
		Fails: []Example{
			{Change: `{"eventLogoText": "Club"}`, Path: "eventLogoText"},
			{Change: `{"eventTicket": {}, "bagPolicyURL": "https://example.com/bags"}`, Path: "bagPolicyURL"},
		},
		Passes: []Example{{Change: posterTicket(`"eventLogoText": "Club"`), Files: artwork}},
	},
	{
		ID: "poster-never", What: "keys that poster event tickets don't show don't stand there", Source: "Apple: Pass", Since: "iOS 18", Severity: Advice,
		Fix: "write eventLogoText; keep logoText for older systems if you like", Check: checkPosterNever,
		Fails:  []Example{{Change: posterTicket(`"logoText": "Club"`), Files: artwork, Path: "logoText"}},
		Passes: []Example{{Change: posterTicket(`"logoText": "Club", "eventLogoText": "Club"`), Files: artwork}},
	},
	{
		ID: "airline-only", What: "keys of airlines stand on boarding passes of the semantic scheme", Source: "passkit-generator; pass-builder Pass.swift",
		Since: "iOS 26", Severity: Advice,
		Fix: "remove it, or ask for the scheme semanticBoardingPass", Check: checkAirlineOnly,
		Fails:  []Example{{Change: `{"changeSeatURL": "https://example.com/seat"}`, Path: "changeSeatURL"}},
		Passes: changes(semanticBoarding(`"changeSeatURL": "https://example.com/seat"`)),
	},
}

func checkAppLaunch(p *Pass) []Finding {
	if p.has("appLaunchURL") && !p.has("associatedStoreIdentifiers") {
		return []Finding{{Path: "appLaunchURL", Message: "needs associatedStoreIdentifiers beside it"}}
	}
	return nil
}

// posterKeys work on poster event tickets only. Some of the addresses Apple also
// names for others; they are left out here.
var posterKeys = strings.Fields("accessibilityURL addOnURL auxiliaryStoreIdentifiers bagPolicyURL contactVenueEmail contactVenuePhoneNumber " +
	"contactVenueWebsite directionsInformationURL eventLogoText footerBackgroundColor merchandiseURL parkingInformationURL " +
	"purchaseParkingURL sellURL suppressHeaderDarkening transferURL transitInformationURL upcomingPassInformation useAutomaticColors")

// airlineKeys work on semantic boarding passes only.
var airlineKeys = strings.Fields("changeSeatURL entertainmentURL managementURL purchaseAdditionalBaggageURL purchaseLoungeAccessURL " +
	"purchaseWifiURL registerServiceAnimalURL reportLostBagURL requestWheelchairURL trackBagsURL transitProviderEmail " +
	"transitProviderPhoneNumber transitProviderWebsiteURL upgradeURL")

func checkPosterOnly(p *Pass) []Finding {
	if p.prefers("posterEventTicket") {
		return nil
	}
	return p.useless(posterKeys, "is of use on poster event tickets only, and preferredStyleSchemes doesn't ask for posterEventTicket")
}

func checkAirlineOnly(p *Pass) []Finding {
	if p.prefers("semanticBoardingPass") {
		return nil
	}
	return p.useless(airlineKeys, "is of use on semantic boarding passes only, and preferredStyleSchemes doesn't ask for semanticBoardingPass")
}

// useless returns a finding for each of the keys that the pass has.
func (p *Pass) useless(keys []string, message string) []Finding {
	var found []Finding
	for i := range p.Root.Members {
		if key := p.Root.Members[i].Key; slices.Contains(keys, key) {
			found = append(found, Finding{Path: key, Message: message})
		}
	}
	return found
}

func checkPosterNever(p *Pass) []Finding {
	if p.prefers("posterEventTicket") && p.has("logoText") && !p.has("eventLogoText") {
		return []Finding{{Path: "logoText", Message: "is not shown on poster event tickets, and eventLogoText is not there"}}
	}
	return nil
}
