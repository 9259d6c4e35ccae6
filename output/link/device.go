package link

import (
	"crypto/sha256"
	"net/http"
	"net/netip"
	"regexp"
	"strings"

	"passmill/jobs/caller"
)

// A device is what somebody looks with, as far as the request tells.
type device struct {
	kind   kind
	wallet bool // it has Apple Wallet, or hands passes on to it
	safari bool // it takes several passes in one file
	robot  bool // it opens links for others: scanners of mails, previews of chats
}

// A kind is what the page is made for.
type kind string

const (
	phone   kind = "phone"
	mac     kind = "mac"
	android kind = "android"
	desktop kind = "desktop"
)

// robots are words of agents that open links for nobody: search engines, previews of
// chats and social networks, scanners of mails, libraries and tools. The names of the
// networks are not among them: people open links in their apps, which say so, and what
// looks for previews says bot, preview or no Mozilla.
var robots = regexp.MustCompile(`(?i)bot\b|bots?[/;) -]|crawl|spider|preview|scan|slurp|fetch|monitor|check|validator|archiv|headless|phantom|` +
	`facebookexternalhit|embedly|vkshare|` +
	`proofpoint|mimecast|barracuda|safelinks|defender|symantec|sophos|trend ?micro|fortinet|cisco|ironport|zscaler|forcepoint|` +
	`googleimageproxy|yahoomailproxy|microsoft (outlook|office)|thunderbird|curl/|wget|python|java/|okhttp|go-http|axios|node|ruby|perl|php|libwww|httpclient|scrapy`)

// deviceOf tells the device of a request. Who says nothing of himself is a robot.
func deviceOf(h http.Header) device {
	agent := h.Get("User-Agent")
	d := device{kind: desktop, robot: agent == "" || robots.MatchString(agent) || !strings.HasPrefix(agent, "Mozilla/")}
	if purpose := h.Get("Sec-Purpose") + h.Get("Purpose") + h.Get("X-Purpose") + h.Get("X-Moz"); strings.Contains(strings.ToLower(purpose), "prefetch") || strings.Contains(strings.ToLower(purpose), "preview") {
		d.robot = true
	}
	own := strings.Contains(agent, "Safari/") && strings.Contains(agent, "Version/")
	switch {
	case strings.Contains(agent, "iPhone"), strings.Contains(agent, "iPod"), strings.Contains(agent, "iPad"):
		d.kind, d.wallet, d.safari = phone, true, own
	case strings.Contains(agent, "Android"):
		d.kind = android
	case strings.Contains(agent, "Macintosh"): // an iPad says so, too
		d.kind, d.wallet = mac, true
		d.safari = own && !strings.Contains(agent, "Chrome/")
	}
	return d
}

// goesOn reports whether a request asks for the rest of what has begun.
func goesOn(r *http.Request) bool {
	asked := strings.TrimSpace(r.Header.Get("Range"))
	return asked != "" && !strings.HasPrefix(asked, "bytes=0-")
}

// hash returns what tells a device from another for a while, and of nobody who it is:
// the key is made anew at each start.
func (s *server) hash(r *http.Request, from netip.Addr) []byte {
	h := sha256.New()
	h.Write(s.salt[:])
	h.Write([]byte(caller.Network(from).String()))
	h.Write([]byte{0})
	h.Write([]byte(r.UserAgent()))
	return h.Sum(nil)[:16]
}
