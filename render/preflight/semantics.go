package preflight

import (
	"slices"
	"strconv"
	"strings"

	"passmill/render"
)

var semanticRules = []Rule{
	{
		ID: "semantic-type", What: "a semantic tag, or an addition of recent systems, has Apple's type", Severity: FallsBack, Row: true,
		Source: "Apple: SemanticTags, SemanticTagType; github.com/apple/pass-builder",
		Phone:  "Value … for semantic key … is not a dictionary",
		Fix:    formFix, Check: func(p *Pass) []Finding { return p.unfit(wrongTag) },
		Fails: []Example{
			{Change: `{"semantics": {"passengerName": "Ada Lovelace"}}`, Path: "semantics.passengerName"},
			{Change: `{"semantics": {"seats": {"seatNumber": "7"}}}`, Path: "semantics.seats"},
			{Change: `{"semantics": {"seats": [{"seatNumber": 7}]}}`, Path: "semantics.seats[0].seatNumber"},
			{Change: `{"semantics": {"silenceRequested": "yes"}}`, Path: "semantics.silenceRequested"},
		},
		Passes: changes(`{"semantics": {"passengerName": {"givenName": "Ada"}, "seats": [{"seatNumber": "7"}], "silenceRequested": true}}`),
	},
	{
		ID: "semantic-unknown", What: "a semantic tag is one that is known here; Apple adds some each year", Source: "Apple: SemanticTags", Severity: Advice,
		Fix: "check the spelling on Apple's page", Check: checkTags,
		Fails:  []Example{{Change: `{"semantics": {"seat": [{"seatNumber": "7"}]}}`, Path: "semantics.seat"}},
		Passes: changes(`{"semantics": {"seats": [{"seatNumber": "7"}]}}`),
	},
	{
		ID: "semantic-wifi", What: "a Wi-Fi network has a name and a password", Severity: FallsBack, Row: true,
		Source: "github.com/apple/pass-builder PassSemantics+WifiNetwork: both are required",
		Fix:    "give both ssid and password, or leave the network out", Check: func(p *Pass) []Finding { return p.all(render.WifiShape, wrongNetwork) },
		Fails: []Example{
			{Change: `{"semantics": {"wifiAccess": [{"ssid": "Club"}]}}`, Path: "semantics.wifiAccess[0].password"},
			{Change: `{"semantics": {"wifiAccess": [{"ssid": "Club", "password": "open sesame"}, {"ssid": "", "password": "open sesame"}]}}`, Path: "semantics.wifiAccess[1].ssid"},
		},
		Passes: changes(`{"semantics": {"wifiAccess": [{"ssid": "Club", "password": "open sesame"}]}}`),
	},
	{
		ID: "semantic-event", What: "eventType is one of Apple's words", Source: "Apple: SemanticTags", Severity: FallsBack, Row: true, Chance: true,
		Fix: "write PKEventType with " + strings.ReplaceAll(eventTypes, " ", ", "), Check: func(p *Pass) []Finding { return p.all(render.SemanticsShape, wrongEvent) },
		Fails:  []Example{{Change: `{"semantics": {"eventType": "concert"}}`, Path: "semantics.eventType"}},
		Passes: changes(`{"semantics": {"eventType": "PKEventTypeLivePerformance"}}`),
	},
	{
		ID: "semantic-ssr", What: "a special service code is one that Wallet shows", Source: "Apple: SemanticTags", Since: "iOS 26",
		Severity: Advice, Row: true, Chance: true,
		Fix: "write one of INFT for information, " + strings.ReplaceAll(serviceCodes, " ", ", ") + " for services", Check: func(p *Pass) []Finding { return p.all(render.SemanticsShape, wrongSSR) },
		Fails:  []Example{{Change: `{"semantics": {"passengerServiceSSRs": ["WCHX"]}}`, Path: "semantics.passengerServiceSSRs[0]"}},
		Passes: changes(`{"semantics": {"passengerServiceSSRs": ["WCHR"], "passengerInformationSSRs": ["INFT"]}}`),
	},
}

const (
	eventTypes   = "Generic LivePerformance Movie Sports Conference Convention Workshop SocialGathering"
	serviceCodes = "PETC SVAN UMNR WCBD WCBW WCHC WCHR WCHS WCLB WCMP WCOB"
)

// wrongTag does for what a phone may leave out as wrongForm and wrongScalar do
// for the rest.
func wrongTag(at *Place) string {
	if !at.Extra {
		return ""
	}
	if message := wrongForm(at); message != "" {
		return message
	}
	return wrongScalar(at)
}

func checkTags(p *Pass) []Finding {
	var found []Finding
	for i := range p.Places {
		at := &p.Places[i]
		if at.parent < 0 || at.Key == "" || p.Places[at.parent].Of != render.SemanticsShape {
			continue
		}
		if _, known := render.SemanticsShape.Keys[at.Key]; !known {
			found = append(found, Finding{Path: p.Path(at), Message: unknown("semantic tag", at.Key, render.SemanticsShape)})
		}
	}
	return found
}

func wrongNetwork(at *Place) (key, message string) {
	for _, key := range []string{"ssid", "password"} {
		switch v := at.Node.Get(key); {
		case absent(v):
			return key, "is missing"
		case v.Kind == render.StringNode && v.Text == "":
			return key, "is empty"
		}
	}
	return "", ""
}

func wrongEvent(at *Place) (key, message string) {
	if v := at.Node.Get("eventType"); v != nil && notAmong(v, "PKEventType", eventTypes) {
		return "eventType", "is none of PKEventType with " + strings.ReplaceAll(eventTypes, " ", ", ")
	}
	return "", ""
}

var serviceLists = []struct {
	key     string
	allowed []string
}{
	{"passengerInformationSSRs", []string{"INFT"}},
	{"passengerServiceSSRs", strings.Fields(serviceCodes)},
}

func wrongSSR(at *Place) (key, message string) {
	for i := range serviceLists {
		list := at.Node.Get(serviceLists[i].key)
		if list == nil {
			continue
		}
		for j := range list.Elems {
			if e := &list.Elems[j]; e.Kind == render.StringNode && !slices.Contains(serviceLists[i].allowed, e.Text) {
				return serviceLists[i].key + "[" + strconv.Itoa(j) + "]", "is no code that Wallet shows"
			}
		}
	}
	return "", ""
}
