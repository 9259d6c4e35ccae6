package main

import (
	"encoding/hex"
	"net/url"
	"path"
	"strings"

	"passmill/output/passkit/phone"
	"passmill/render"
	"passmill/render/preflight"
	"passmill/sign/verify"
)

// phoneJudge is the judgement of passmill verify, in the form in which a simulated
// phone asks for it.
func phoneJudge(o verify.Options) phone.Judge {
	return func(data []byte) phone.Contents {
		v, r := judged("", data, o)
		c := phone.Contents{Hash: hex.EncodeToString(r.Manifest[:]), Strings: passStrings(r.Files)}
		var d render.Decoder
		if root, _, err := d.Decode("pass.json", r.Files["pass.json"]); err == nil {
			c.JSON = root.AppendJSON(nil) // strictly written, however it was read
		}
		for _, f := range v.Findings {
			if f.Severity == string(preflight.Refused) && !isTrial(f, &c) {
				c.Refused = append(c.Refused, phoneText(f))
			}
		}
		return c
	}
}

// phoneText is a finding in the phone's own words, where they are known.
func phoneText(f finding) string {
	text := strings.TrimPrefix(f.Path+": "+f.Message, ": ")
	if f.Phone != "" {
		return f.Phone + " (" + text + ")"
	}
	return text
}

// isTrial reports whether a finding is that the web service is on this machine, and so
// speaks plain HTTP: a real phone takes https alone, a simulated one is there to try it.
func isTrial(f finding, c *phone.Contents) bool {
	if f.Code != "web-service" {
		return false
	}
	u, err := url.Parse(c.Card().Service)
	return err == nil && u.Scheme == "http" && isLoopback(u.Host+portOf(u))
}

// passStrings reads the texts of all languages of a pass.
func passStrings(files map[string][]byte) map[string]map[string]string {
	all := map[string]map[string]string{}
	for name, data := range files {
		folder, isText := strings.CutSuffix(name, "/pass.strings")
		language, isLanguage := strings.CutSuffix(path.Base(folder), ".lproj")
		if !isText || !isLanguage {
			continue
		}
		entries, _, err := render.ParseStringsLoosely(name, data)
		if err != nil {
			continue // a phone shows the keys
		}
		texts := map[string]string{}
		for _, e := range entries {
			texts[e.Key] = e.Value
		}
		all[language] = texts
	}
	return all
}
