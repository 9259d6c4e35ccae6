package render

// plain marks the bytes that stand for themselves inside of a JSON string.
var plain = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= 0x20 && c != '"' && c != '\\'
	}
	return t
}()

const hexDigits = "0123456789abcdef"

// appendEscaped appends valid UTF-8 text as the content of a JSON string. It
// escapes what RFC 8259 section 7 requires, and no more.
func appendEscaped(dst []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); i++ {
		if plain[s[i]] {
			continue
		}
		dst = append(dst, s[start:i]...)
		dst = appendEscape(dst, s[i])
		start = i + 1
	}
	return append(dst, s[start:]...)
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// appendHTML appends text as the content of a JSON string that a phone reads as
// HTML. Quotes are escaped too, since a placeholder may stand in an href.
func appendHTML(dst []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); i++ {
		entity := ""
		switch s[i] {
		case '&':
			entity = "&amp;"
		case '<':
			entity = "&lt;"
		case '>':
			entity = "&gt;"
		case '"':
			entity = "&#34;"
		case '\'':
			entity = "&#39;"
		default:
			continue
		}
		dst = appendEscaped(dst, s[start:i])
		dst = append(dst, entity...)
		start = i + 1
	}
	return appendEscaped(dst, s[start:])
}
