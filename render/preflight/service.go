package preflight

import (
	"net/url"
	"strings"

	"passmill/render"
)

var serviceRules = []Rule{
	{
		ID: "web-service", What: "webServiceURL is an https address", Source: "Apple: Adding a web service to update passes", Severity: Refused,
		Fix: "give the job an https address", Check: checkService,
		Fails:  []Example{{Change: `{"webServiceURL": "http://example.com/", "authenticationToken": "0123456789abcdef"}`, Path: "webServiceURL"}},
		Passes: changes(`{"webServiceURL": "https://example.com:8443/", "authenticationToken": "0123456789abcdef"}`),
	},
	{
		ID: "token", What: "authenticationToken stands beside webServiceURL, with 16 characters or more", Severity: Refused, Row: true,
		Source: "Apple: Pass; pass-js, passkit-generator", Fix: "leave it to passmill", Check: checkToken,
		Fails: []Example{
			{Change: `{"webServiceURL": "https://example.com/"}`, Path: "authenticationToken"},
			{Change: `{"webServiceURL": "https://example.com/", "authenticationToken": "0123456789abcde"}`, Path: "authenticationToken"},
		},
		Passes: changes(`{"webServiceURL": "https://example.com/", "authenticationToken": "0123456789abcdef"}`),
	},
	{
		ID: "token-unused", What: "authenticationToken stands beside a webServiceURL", Source: "Apple: Pass", Severity: Advice,
		Fix: "leave both to passmill", Check: checkTokenAlone,
		Fails:  []Example{{Change: `{"authenticationToken": "0123456789abcdef"}`, Path: "authenticationToken"}},
		Passes: changes(`{"webServiceURL": "https://example.com/", "authenticationToken": "0123456789abcdef"}`),
	},
	{
		ID: "url", What: "an address has a scheme, such as https:", Source: "Apple: Pass", Severity: FallsBack, Row: true, Chance: true,
		Fix: "write the whole address, such as https://example.com/", Check: func(p *Pass) []Finding { return p.texts(render.URL, wrongURL) },
		Fails: []Example{
			{Change: `{"eventTicket": {}, "preferredStyleSchemes": [], "transitProviderWebsiteURL": null, "semantics": null,
				"featuredActions": [{"identifier": "a", "type": "shop", "url": "example.com"}]}`, Path: "featuredActions[0].url"},
			{Change: `{"appLaunchURL": "open me", "associatedStoreIdentifiers": [123456789]}`, Path: "appLaunchURL"},
		},
		Passes: changes(`{"featuredActions": [{"identifier": "a", "type": "shop", "url": "https://example.com"}]}`,
			`{"featuredActions": [{"identifier": "a", "type": "call", "url": "tel:+4930123"}]}`,
			`{"appLaunchURL": "myapp://card", "associatedStoreIdentifiers": [123456789]}`),
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
	token := p.Root.Get(path)
	switch {
	case token == nil && p.has("webServiceURL"):
		return []Finding{{Path: path, Message: "is missing beside webServiceURL"}}
	case token != nil && token.Kind == render.StringNode && len(token.Text) < 16:
		return []Finding{{Path: path, Message: "has fewer than 16 characters"}}
	}
	return nil
}

func checkTokenAlone(p *Pass) []Finding {
	if p.has("authenticationToken") && !p.has("webServiceURL") {
		return []Finding{{Path: "authenticationToken", Message: "says nothing without webServiceURL"}}
	}
	return nil
}

// wrongURL objects to an address without a scheme. That of the web service has a
// stricter rule.
func wrongURL(at *Place) string {
	if at.Key == "webServiceURL" {
		return ""
	}
	u, err := url.Parse(at.Node.Text)
	if err != nil || u.Scheme == "" || strings.ContainsAny(at.Node.Text, " \t\n") {
		return "is no address with a scheme"
	}
	return ""
}
