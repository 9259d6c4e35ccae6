package jobs

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
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
	if m := invisible(s); m != nil {
		return "", "", m
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Scheme == "":
		return "", "", &mistake{"not-a-url", "is not a whole web address", "write it with its beginning, like https://example.com/page"}
	case !slices.Contains(schemes, u.Scheme):
		return "", "", &mistake{"not-a-url", fmt.Sprintf("begins with %s:, which is not allowed", u.Scheme), "use one of " + strings.Join(schemes, ", ")}
	case strings.ContainsAny(s, " \n\t<>\""):
		return "", "", &mistake{"not-a-url", "holds a blank or another character that web addresses can't hold", "write %20 for a blank"}
	case strings.HasPrefix(u.Scheme, "http"):
		return s, "", webHost(u)
	case u.Opaque+u.Host+u.Path+u.RawQuery == "": // mailto:?subject= is complete: its reader chooses to whom
		return "", "", &mistake{"not-a-url", "has nothing behind its beginning", "write the address or the telephone number behind the colon"}
	}
	return s, "", nil
}

// webHost checks what a web address leads to.
func webHost(u *url.URL) *mistake {
	host := u.Hostname()
	switch {
	case host == "":
		return &mistake{"not-a-url", "names no host", "write it like https://example.com/page"}
	case u.User != nil: // everybody with the pass would have the password; and what stands there poses as a host
		return &mistake{"not-a-url", "holds a user name or password before the host", "take off everything between // and @, and the @"}
	case !isDomain(strings.TrimSuffix(host, ".")) && net.ParseIP(host) == nil:
		return &mistake{"not-a-url", "names a host that can't exist", "write it like https://example.com/page"}
	}
	return nil
}

var label = regexp.MustCompile(`^[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}_-]*[\p{L}\p{M}\p{N}_])?$`)

// isDomain reports whether every part of a domain can be one. Letters of all
// languages can.
func isDomain(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if len(part) > 63 || !label.MatchString(part) {
			return false
		}
	}
	return true
}

// invisible refuses characters that nobody sees, such as U+200B: in an address,
// they lead elsewhere or nowhere.
func invisible(s string) *mistake {
	for _, c := range s {
		if unicode.Is(unicode.Cf, c) {
			return &mistake{"bad-text", fmt.Sprintf("holds the invisible character U+%04X", c), "delete it; typing the text again is the surest way"}
		}
	}
	return nil
}

func email(s string) (text, literal string, m *mistake) {
	if m := invisible(s); m != nil {
		return "", "", m
	}
	a, err := mail.ParseAddress(s)
	domain := s[strings.LastIndexByte(s, '@')+1:]
	if err != nil || a.Address != s || strings.ContainsAny(s, "\"<>() \t\n") || !strings.Contains(domain, ".") || !isDomain(domain) {
		return "", "", &mistake{"not-an-email", "is not an e-mail address", "write the bare address, like name@example.com"}
	}
	return s, "", nil
}
