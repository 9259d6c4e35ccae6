package preflight

import (
	"encoding/hex"
	"strings"

	"passmill/render"
)

const upcomingSource = "Apple: UpcomingPassInformationEntry; pass-builder; passkit-generator"

var upcomingRules = []Rule{
	{
		ID: "upcoming", What: `an upcoming entry has an identifier of its own, a name and the type "event"`, Source: upcomingSource,
		Since: "iOS 26", Severity: FallsBack, Row: true,
		Fix: "complete the entry", Check: checkUpcoming,
		Fails: []Example{
			{Change: upcoming(`{"identifier": "a", "type": "event"}`), Files: artwork, Path: "upcomingPassInformation[0].name"},
			{Change: upcoming(`{"identifier": "a", "name": "Concert", "type": "film"}`), Files: artwork, Path: "upcomingPassInformation[0].type"},
			{
				Change: upcoming(`{"identifier": "a", "name": "Concert", "type": "event"}, {"identifier": "a", "name": "Talk", "type": "event"}`),
				Files:  artwork, Path: "upcomingPassInformation[1].identifier",
			},
		},
		Passes: []Example{{Change: upcoming(`{"identifier": "a", "name": "Concert", "type": "event", "dateInformation": {"date": "2027-05-31T20:00+02:00"}}`), Files: artwork}},
	},
	{
		ID: "upcoming-image", What: "an upcoming entry's image is reused, or has addresses", Source: upcomingSource, Since: "iOS 26", Severity: FallsBack,
		Fix: "give it URLs, or reuseExisting: true", Check: func(p *Pass) []Finding { return p.all(render.UpcomingImageShape, wrongUpcomingImage) },
		Fails: []Example{{
			Change: upcoming(`{"identifier": "a", "name": "Concert", "type": "event", "images": {"headerImage": {"reuseExisting": false}}}`),
			Files:  artwork, Path: "upcomingPassInformation[0].images.headerImage",
		}},
		Passes: []Example{{Change: upcoming(`{"identifier": "a", "name": "Concert", "type": "event", "images": {"headerImage": {"reuseExisting": true}}}`), Files: artwork}},
	},
	{
		ID: "upcoming-remote", What: "a remote image has an https address, its SHA-256, and at most 2 MB", Source: upcomingSource, Since: "iOS 26",
		Severity: FallsBack, Row: true, Chance: true,
		Fix: "give URL, SHA256 and, if you like, size", Check: func(p *Pass) []Finding { return p.all(render.RemoteImageShape, wrongRemote) },
		Fails: []Example{
			{Change: remote(`"URL": "http://example.com/a.png", "SHA256": "` + someHash + `"`), Files: artwork, Path: "upcomingPassInformation[0].images.venueMap.URLs[0].URL"},
			{Change: remote(`"URL": "https://example.com/a.png", "SHA256": "abc"`), Files: artwork, Path: "upcomingPassInformation[0].images.venueMap.URLs[0].SHA256"},
			{Change: remote(`"URL": "https://example.com/a.png", "SHA256": "` + someHash + `", "size": 3000000`), Files: artwork, Path: "upcomingPassInformation[0].images.venueMap.URLs[0].size"},
		},
		Passes: []Example{{Change: remote(`"URL": "https://example.com/a.png", "SHA256": "` + someHash + `", "size": 20000, "scale": 2`), Files: artwork}},
	},
}

const someHash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

// upcoming is a change that gives a poster event ticket upcoming entries.
func upcoming(entries string) string {
	return posterTicket(`"upcomingPassInformation": [` + entries + `]`)
}

func remote(members string) string {
	return upcoming(`{"identifier": "a", "name": "Concert", "type": "event", "images": {"venueMap": {"URLs": [{` + members + `}]}}}`)
}

func checkUpcoming(p *Pass) []Finding {
	seen := make(map[string]bool)
	return p.all(render.UpcomingShape, func(at *Place) (key, message string) {
		for _, key := range []string{"identifier", "name", "type"} {
			if at.Node.Get(key) == nil {
				return key, "is missing"
			}
		}
		id := text(at.Node, "identifier")
		switch {
		case text(at.Node, "type") != "event":
			return "type", `is not "event", the only type there is`
		case seen[id]:
			return "identifier", "is that of another entry too"
		}
		seen[id] = true
		return "", ""
	})
}

func wrongUpcomingImage(at *Place) (key, message string) {
	addresses := at.Node.Get("URLs") != nil
	switch reuse := at.Node.Get("reuseExisting"); {
	case reuse != nil && reuse.Text == "true" && addresses:
		return "URLs", "stands beside reuseExisting, which leaves it unread"
	case (reuse == nil || reuse.Text != "true") && !addresses:
		return "", "has no URLs and doesn't reuse an image of the pass"
	}
	return "", ""
}

func wrongRemote(at *Place) (key, message string) {
	const most = 2 << 20
	hash := text(at.Node, "SHA256")
	if _, err := hex.DecodeString(hash); err != nil || len(hash) != 64 {
		return "SHA256", "is not 64 hexadecimal digits"
	}
	if !strings.HasPrefix(text(at.Node, "URL"), "https://") {
		return "URL", "is no https address"
	}
	if size, ok := number(at.Node, "size"); ok && size > most {
		return "size", "is more than 2 MB"
	}
	return "", ""
}
