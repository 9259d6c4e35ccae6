package jobs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var booleans = map[string]bool{
	"true": true, "yes": true, "y": true, "1": true, "x": true, "ja": true, "wahr": true, "oui": true, "vrai": true, "sí": true, "si": true, "verdadero": true,
	"false": false, "no": false, "n": false, "0": false, "nein": false, "falsch": false, "non": false, "faux": false, "falso": false,
}

func boolean(c Cell) (text, literal string, m *mistake) {
	source := c.Text
	if c.Kind == BoolCell || c.Kind == NumberCell {
		source = c.Raw
	}
	b, ok := booleans[strings.ToLower(source)]
	if !ok {
		return "", "", &mistake{"not-a-boolean", "is neither true nor false", "write true or false"}
	}
	text = strconv.FormatBool(b)
	return text, text, nil
}

// schemes are those that Wallet opens and that do no harm by being tapped.
var schemes = []string{"https", "http", "mailto", "tel", "sms"}

func link(s string) (text, literal string, m *mistake) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Scheme == "":
		return "", "", &mistake{"not-a-url", "is not a whole web address", "write it with its beginning, like https://example.com/page"}
	case !slices.Contains(schemes, strings.ToLower(u.Scheme)):
		return "", "", &mistake{"not-a-url", fmt.Sprintf("begins with %s:, which is not allowed", strings.ToLower(u.Scheme)), "use one of " + strings.Join(schemes, ", ")}
	case strings.HasPrefix(u.Scheme, "http") && u.Host == "":
		return "", "", &mistake{"not-a-url", "names no host", "write it like https://example.com/page"}
	case strings.ContainsAny(s, " \n\t<>\""):
		return "", "", &mistake{"not-a-url", "holds a blank or another character that web addresses can't hold", "write %20 for a blank"}
	}
	return s, "", nil
}

func email(s string) (text, literal string, m *mistake) {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || strings.ContainsAny(s, "\"<>() \t\n") || !strings.Contains(s[strings.LastIndexByte(s, '@'):], ".") {
		return "", "", &mistake{"not-an-email", "is not an e-mail address", "write the bare address, like name@example.com"}
	}
	return s, "", nil
}

var (
	hexColor = regexp.MustCompile(`^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$`)
	rgbColor = regexp.MustCompile(`^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$`)
)

// color returns the one form that every system reads: rgb(r, g, b).
func color(s string) (text, literal string, m *mistake) {
	var parts [3]uint64
	if match := rgbColor.FindStringSubmatch(s); match != nil {
		for i := range parts {
			parts[i], _ = strconv.ParseUint(match[i+1], 10, 16)
		}
	} else if match := hexColor.FindStringSubmatch(s); match != nil {
		digits := match[1]
		if len(digits) == 3 {
			digits = strings.Join([]string{digits[:1], digits[:1], digits[1:2], digits[1:2], digits[2:], digits[2:]}, "")
		}
		for i := range parts {
			parts[i], _ = strconv.ParseUint(digits[2*i:2*i+2], 16, 16)
		}
	} else {
		return "", "", &mistake{"not-a-color", "is not a colour", "write it like #1e3a5f or rgb(30, 58, 95)"}
	}
	if max(parts[0], parts[1], parts[2]) > 255 {
		return "", "", &mistake{"not-a-color", "has a part above 255", "write each part from 0 to 255"}
	}
	return fmt.Sprintf("rgb(%d, %d, %d)", parts[0], parts[1], parts[2]), "", nil
}

func literal(s string) (text, compact string, m *mistake) {
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(s)); err != nil {
		return "", "", &mistake{"not-json", "is not valid JSON", "check quotes, commas and brackets"}
	}
	return b.String(), b.String(), nil
}
