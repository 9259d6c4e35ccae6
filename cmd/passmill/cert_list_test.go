package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"passmill/sign"
	"passmill/sign/keyring"
)

// TestListColours: what has expired, or will soon, is red where somebody looks.
func TestListColours(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	var list []keyring.Listed
	for name, end := range map[string]time.Time{"expired": now.Add(-time.Hour), "near": now.AddDate(0, 0, 30), "far": now.AddDate(0, 0, 32)} {
		list = append(list, keyring.Listed{
			Entry:    sign.Entry{ID: "00000000-0000", Name: name, BaseName: "pass.a", Enabled: true},
			Versions: []sign.Version{{Certificate: sign.Certificate{NotAfter: end}}},
		})
	}
	for _, colours := range []bool{true, false} {
		var out bytes.Buffer
		printList(&out, list, now, colours)
		for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n")[1:] {
			red := strings.HasPrefix(line, "\x1b[31m")
			if want := colours && !strings.Contains(line, "far"); red != want {
				t.Errorf("colours %v: %q", colours, line)
			}
			if strings.Contains(line, "expired") != strings.Contains(line, "EXPIRED") || strings.Contains(line, "expired") != strings.Contains(line, "  -1  ") {
				t.Errorf("%q", line)
			}
		}
	}
}

// TestListHostile: names of people's own steer neither the table nor the terminal.
func TestListHostile(t *testing.T) {
	e := keyring.Listed{Entry: sign.Entry{ID: "00000000-0000", Name: "a\nb\x1b[2J", BaseName: "pass.a", Tenant: "c\td"}}
	e.Uses = []sign.Use{{Job: "e\nf", Template: "g\rh"}}
	for _, colours := range []bool{true, false} {
		var out bytes.Buffer
		printList(&out, []keyring.Listed{e}, time.Now(), colours)
		if got := out.String(); strings.Count(got, "\n") != 2 || strings.ContainsAny(got, "\t\r") || strings.Contains(got, "[2J") && !strings.Contains(got, `\x1b[2J`) {
			t.Errorf("colours %v: %q", colours, got)
		}
	}
}

// TestWithin reads what people write for a time.
func TestWithin(t *testing.T) {
	for text, want := range map[string]time.Duration{"30d": 720 * time.Hour, "7": 168 * time.Hour, "36h": 36 * time.Hour, "0": 0} {
		if got, err := parseWithin(text); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "soon", "-1d", "-2h", "999999999d"} {
		if got, err := parseWithin(text); err == nil {
			t.Errorf("%s is taken as %v", text, got)
		}
	}
}
