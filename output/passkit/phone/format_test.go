package phone_test

import (
	"encoding/json"
	"testing"
	"time"

	"golang.org/x/text/language"

	"passmill/output/passkit/phone"
)

// TestShown writes values as phones in several countries do.
func TestShown(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ field, locale, want string }{
		{`{"value": "Gold"}`, "en", "Gold"},
		{`{"value": "gold"}`, "de", "Goldstatus"}, // by pass.strings
		{`{"value": "gold"}`, "de-AT", "Goldstatus"},
		{`{"value": "gold"}`, "ja", "Gold level"}, // English stands in
		{`{"value": 1250}`, "en", "1,250"},
		{`{"value": 1250}`, "de", "1.250"},
		{`{"value": 1250}`, "sv", "1\u00a0250"},
		{`{"value": 0.25, "numberStyle": "PKNumberStylePercent"}`, "en", "25%"},
		{`{"value": 1250, "numberStyle": "PKNumberStyleScientific"}`, "en", "1.25E3"},
		{`{"value": 12.5, "currencyCode": "EUR"}`, "en", "€12.50"},
		{`{"value": 1250.5, "currencyCode": "EUR"}`, "de", "1.250,50\u00a0€"},
		{`{"value": -3, "currencyCode": "USD"}`, "en", "-$3.00"},
		{`{"value": 1250, "currencyCode": "JPY"}`, "ja", "￥1,250"},
		{`{"value": 5, "currencyCode": "nothing"}`, "en", "5 nothing"},
		{`{"value": "2026-12-31T18:05:00Z", "dateStyle": "PKDateStyleShort"}`, "en", "12/31/26"},
		{`{"value": "2026-12-31T18:05Z", "dateStyle": "PKDateStyleMedium", "timeStyle": "PKDateStyleShort"}`, "en", "Dec 31, 2026, 7:05 PM"},
		{`{"value": "2026-12-31T18:05:00Z", "dateStyle": "PKDateStyleFull", "timeStyle": "PKDateStyleShort"}`, "de", "Donnerstag, 31. Dezember 2026 um 19:05"},
		{`{"value": "2026-12-31T18:05:00Z", "dateStyle": "PKDateStyleFull", "timeStyle": "PKDateStyleNone"}`, "fr", "jeudi 31 décembre 2026"},
		{`{"value": "2026-05-01T18:05:00Z", "dateStyle": "PKDateStyleMedium"}`, "nl", "1 mei 2026"},
		{`{"value": "2026-12-31T23:30:00Z", "timeStyle": "PKDateStyleShort"}`, "de", "00:30"},
		{`{"value": "2026-12-31T23:30:00-05:00", "timeStyle": "PKDateStyleShort", "ignoresTimeZone": true}`, "de", "23:30"},
		{`{"value": "2026-12-31T18:05:00Z", "dateStyle": "PKDateStyleLong"}`, "ja", "2026-12-31"},
		{`{"value": "soon", "dateStyle": "PKDateStyleLong"}`, "en", "soon"},
	} {
		var f phone.Field
		if err := json.Unmarshal([]byte(test.field), &f); err != nil {
			t.Fatal(err)
		}
		c := phone.Contents{Strings: map[string]map[string]string{
			"en": {"gold": "Gold level"}, "de": {"gold": "Goldstatus"},
		}}
		if got := c.Shown(f, phone.Locale{Language: language.MustParse(test.locale), Zone: berlin}); got != test.want {
			t.Errorf("%s in %s is shown as %q, want %q", test.field, test.locale, got, test.want)
		}
	}
}

// TestMessages looks at what the lock screen says of a change.
func TestMessages(t *testing.T) {
	pass := func(points, level, gate string) phone.Contents {
		return phone.Contents{
			JSON: json.RawMessage(`{"storeCard": {
				"headerFields": [{"key": "points", "value": ` + points + `, "changeMessage": "points %@"}],
				"primaryFields": [{"key": "level", "value": "` + level + `", "changeMessage": "no place for a value"}],
				"backFields": [{"key": "gate", "value": "` + gate + `"}, {"key": "odd", "value": null, "changeMessage": 7}]}}`),
			Strings: map[string]map[string]string{"en": {"points %@": "Points changed to %@"}, "de": {"points %@": "Neuer Stand: %@ Punkte"}},
		}
	}
	old := pass("1000", "Silver", "A1")
	for _, test := range []struct {
		name, language string
		latest         phone.Contents
		want           string
	}{
		{"nothing", "en", pass("1000", "Silver", "A1"), ""},
		{"points", "en", pass("1250", "Silver", "A1"), "Points changed to 1,250"},
		{"points in German", "de", pass("1250", "Silver", "A1"), "Neuer Stand: 1.250 Punkte"},
		{"a message without a place", "en", pass("1000", "Gold", "A1"), ""},
		{"no message", "en", pass("1000", "Silver", "B2"), ""},
		{"the same number written otherwise", "en", pass(" 1000 ", "Silver", "A1"), ""},
	} {
		got := phone.Messages(&old, &test.latest, phone.Locale{Language: language.MustParse(test.language)})
		if text := join(got); text != test.want {
			t.Errorf("%s: the lock screen says %q, want %q", test.name, text, test.want)
		}
	}
	without := phone.Contents{JSON: json.RawMessage(`{"storeCard": {}}`)}
	if got := phone.Messages(&without, &old, phone.Locale{}); len(got) > 0 {
		t.Errorf("new fields are told of: %q", got)
	}
}

func join(list []string) string {
	text := ""
	for i, s := range list {
		if i > 0 {
			text += " | "
		}
		text += s
	}
	return text
}
