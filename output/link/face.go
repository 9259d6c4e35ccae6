package link

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A front is what the page shows of a pass: near enough to know it again. What Wallet
// makes of it, only Wallet knows.
type front struct {
	Name                                  string // its description
	Background, Foreground, Label         template.CSS
	LogoText                              string
	Logo, Strip                           template.URL
	Header, Primary, Secondary, Auxiliary []frontField
	Barcode                               template.URL
	BarcodeText                           string
	Voided                                bool
}

type frontField struct{ Label, Value string }

// A passText is what the front is drawn from of pass.json.
type passText struct {
	Description  string     `json:"description"`
	LogoText     string     `json:"logoText"`
	Background   string     `json:"backgroundColor"`
	Foreground   string     `json:"foregroundColor"`
	Label        string     `json:"labelColor"`
	Voided       bool       `json:"voided"`
	Barcodes     []barcode  `json:"barcodes"`
	Barcode      *barcode   `json:"barcode"`
	BoardingPass *passStyle `json:"boardingPass"`
	Coupon       *passStyle `json:"coupon"`
	EventTicket  *passStyle `json:"eventTicket"`
	Generic      *passStyle `json:"generic"`
	StoreCard    *passStyle `json:"storeCard"`
	Poster       *passStyle `json:"posterGeneric"`
}

type passStyle struct {
	Header    []passField `json:"headerFields"`
	Primary   []passField `json:"primaryFields"`
	Secondary []passField `json:"secondaryFields"`
	Auxiliary []passField `json:"auxiliaryFields"`
}

type passField struct {
	Label    string          `json:"label"`
	Value    json.RawMessage `json:"value"`
	Currency string          `json:"currencyCode"`
	Date     string          `json:"dateStyle"`
	Time     string          `json:"timeStyle"`
}

// front draws the front of a pass in a language; with its barcode, if asked for.
func (f Face) front(tag string, coded bool) (*front, error) {
	var p passText
	if err := json.Unmarshal(f.JSON, &p); err != nil {
		return nil, fmt.Errorf("draw a pass: %w", err)
	}
	say := func(s string) string {
		if t, ok := f.Strings[tag][s]; ok {
			return t
		}
		return s
	}
	v := &front{
		Name: say(p.Description), LogoText: say(p.LogoText), Voided: p.Voided,
		Background: cssColor(p.Background, "#ffffff"), Foreground: cssColor(p.Foreground, "#1d1d1f"), Label: cssColor(p.Label, string(cssColor(p.Foreground, "#1d1d1f"))),
		Logo: f.picture("logo"), Strip: f.picture("strip"),
	}
	for _, s := range []*passStyle{p.StoreCard, p.Coupon, p.EventTicket, p.BoardingPass, p.Generic, p.Poster} {
		if s == nil {
			continue
		}
		v.Header, v.Primary = fieldsOf(s.Header, say), fieldsOf(s.Primary, say)
		v.Secondary, v.Auxiliary = fieldsOf(s.Secondary, say), fieldsOf(s.Auxiliary, say)
		break
	}
	if coded {
		if p.Barcode != nil && len(p.Barcodes) == 0 {
			p.Barcodes = []barcode{*p.Barcode}
		}
		for _, b := range p.Barcodes {
			if data := b.picture(); data != nil {
				v.Barcode, v.BarcodeText = pngURL(data), b.AltText
				break
			}
		}
	}
	return v, nil
}

func fieldsOf(fields []passField, say func(string) string) []frontField {
	list := make([]frontField, len(fields))
	for i, f := range fields {
		list[i] = frontField{say(f.Label), f.text(say)}
	}
	return list
}

// text returns a value as a person reads it. A phone would write it as is usual in its
// region, which the page does not know.
func (f passField) text(say func(string) string) string {
	var s string
	if json.Unmarshal(f.Value, &s) != nil {
		s = string(bytes.TrimSpace(f.Value))
		if s == "null" {
			return ""
		}
		if f.Currency != "" {
			if n, err := strconv.ParseFloat(s, 64); err == nil {
				s = strconv.FormatFloat(n, 'f', 2, 64)
			}
			return s + " " + f.Currency
		}
		return s
	}
	if f.Date != "" || f.Time != "" {
		for _, form := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
			if t, err := time.Parse(form, s); err == nil {
				return f.when(t)
			}
		}
	}
	return say(s)
}

func (f passField) when(t time.Time) string {
	shown := func(style string) bool { return style != "" && style != "PKDateStyleNone" }
	switch {
	case !shown(f.Time):
		return t.Format(time.DateOnly)
	case !shown(f.Date):
		return t.Format("15:04")
	}
	return t.Format("2006-01-02 15:04")
}

var rgb = regexp.MustCompile(`^\s*rgba?\(\s*([0-9]{1,3})\s*,\s*([0-9]{1,3})\s*,\s*([0-9]{1,3})\s*(,[^)]*)?\)\s*$`)
var hexColor = regexp.MustCompile(`^\s*#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})\s*$`)

// cssColor returns a colour of a pass as CSS, written anew; if it is none, another.
func cssColor(s, other string) template.CSS {
	if m := rgb.FindStringSubmatch(s); m != nil {
		var n [3]int
		for i := range n {
			n[i], _ = strconv.Atoi(m[i+1])
			n[i] = min(n[i], 255)
		}
		return template.CSS(fmt.Sprintf("#%02x%02x%02x", n[0], n[1], n[2]))
	}
	if hexColor.MatchString(s) {
		return template.CSS(strings.TrimSpace(s))
	}
	return template.CSS(other)
}

// picture returns the best of an image's files that a page needs.
func (f Face) picture(name string) template.URL {
	for _, scale := range []string{"@2x", "@3x", ""} {
		if data := f.Images[name+scale+".png"]; len(data) > 0 {
			return pngURL(data)
		}
	}
	return ""
}

func pngURL(data []byte) template.URL {
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(data))
}
