package preflight

import (
	"strconv"
	"strings"

	"passmill/render"
)

var colorRules = []Rule{{
	ID: "color", What: "a colour is written as rgb(r, g, b)", Source: "Apple: Pass; real passes with rgba() install", Severity: FallsBack, Row: true,
	Fix: "write it as rgb(255, 128, 0)",
	Check: func(p *Pass) []Finding {
		return p.texts(render.Color, func(at *Place) string {
			if validColor(at.Node.Text) {
				return ""
			}
			if strings.HasPrefix(at.Node.Text, "#") {
				return "is a colour in hexadecimal digits, which Apple's builder reads but its page does not name"
			}
			return "is no colour in the form rgb(r, g, b) with numbers from 0 to 255"
		})
	},
	Fails: []Example{
		{Change: `{"backgroundColor": "rgb(0, 10, 256)"}`, Path: "backgroundColor"},
		{Change: `{"backgroundColor": "rgba(0, 10, 255, 0.5)"}`, Path: "backgroundColor"},
		{Change: `{"labelColor": "#000aff"}`, Path: "labelColor"},
	},
	Passes: changes(`{"backgroundColor": "rgb(0,10,255)"}`),
}}

func validColor(s string) bool {
	s, ok := strings.CutPrefix(s, "rgb(")
	s, ok2 := strings.CutSuffix(s, ")")
	if !ok || !ok2 {
		return false
	}
	for range 2 {
		part, rest, found := strings.Cut(s, ",")
		if !found || !validByte(part) {
			return false
		}
		s = rest
	}
	return validByte(s)
}

func validByte(s string) bool {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 8)
	return err == nil && n <= 255
}
