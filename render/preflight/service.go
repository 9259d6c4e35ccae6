package preflight

import (
	"net/url"
	"strconv"

	"passmill/render"
)

var serviceRules = []Rule{
	{
		ID: "web-service", Source: "Apple: Adding a web service to update passes", Severity: Refused,
		Fix: "give the job an https address", Check: checkService,
	},
	{
		ID: "token", Source: "Apple: Pass; pass-js, passkit-generator", Severity: Refused, Row: true,
		Fix: "leave it to passmill", Check: checkToken,
	},
	{
		ID: "nfc-message", Source: "Apple: Pass.NFC", Severity: Refused, Row: true,
		Fix: "shorten it to 64 bytes", Check: checkNFC,
	},
	{
		ID: "action-count", Source: "Apple: Defining the metadata", Since: "iOS 27", Severity: FallsBack, Row: true,
		Fix: "keep two", Check: func(p *Pass) []Finding { return p.tooMany("featuredActions", 2) },
	},
	{
		ID: "app-launch", Source: "Apple: Pass", Severity: FallsBack,
		Message: "needs associatedStoreIdentifiers beside it", Fix: "add the identifier of the app", Check: checkAppLaunch,
	},
}

func checkService(p *Pass) []Finding {
	address := p.Root.Get("webServiceURL")
	if address == nil || address.Kind != render.StringNode {
		return nil
	}
	u, err := url.Parse(address.Text)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return []Finding{{Path: "webServiceURL", Message: "is no https address"}}
	}
	return nil
}

func checkToken(p *Pass) []Finding {
	const path = "authenticationToken"
	token, address := p.Root.Get(path), p.Root.Get("webServiceURL")
	switch {
	case token == nil && address != nil:
		return []Finding{{Path: path, Message: "is missing beside webServiceURL"}}
	case token != nil && token.Kind == render.StringNode && len(token.Text) < 16:
		return []Finding{{Path: path, Message: "has fewer than 16 characters"}}
	}
	return nil
}

func checkNFC(p *Pass) []Finding {
	if n := len(text(p.Root.Get("nfc"), "message")); n > 64 {
		return []Finding{{Path: "nfc.message", Message: "has " + strconv.Itoa(n) + " bytes, but 64 are allowed"}}
	}
	return nil
}

func checkAppLaunch(p *Pass) []Finding {
	if p.Root.Get("appLaunchURL") != nil && p.Root.Get("associatedStoreIdentifiers") == nil {
		return []Finding{{Path: "appLaunchURL"}}
	}
	return nil
}
