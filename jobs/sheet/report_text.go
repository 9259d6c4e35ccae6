package sheet

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// maxCellText is how much a cell holds, in the units of UTF-16 that Excel counts.
const maxCellText = 32767

// legible returns text as a report shows it: cut to what a cell holds, and with
// names in the place of characters that nobody sees, or that no workbook can
// hold. It is written as text, so what begins like a formula is none.
func legible(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\r\n", "\n")
	if strings.IndexFunc(text, unseen) >= 0 {
		var b strings.Builder
		for _, c := range text {
			if unseen(c) {
				fmt.Fprintf(&b, "[U+%04X]", c)
				continue
			}
			b.WriteRune(c)
		}
		text = b.String()
	}
	return cutText(text, maxCellText)
}

func unseen(c rune) bool {
	return c < ' ' && c != '\n' && c != '\t' || c >= 0x7f && c < 0xa0 || unicode.Is(unicode.Cf, c) || c == 0xfffe || c == 0xffff
}

// cutText cuts text to so many units, and says so by its last character.
func cutText(text string, most int) string {
	if len(text) <= most { // bytes are never fewer than units
		return text
	}
	units := 0
	for i, c := range text {
		if units += utf16.RuneLen(c); units > most {
			head := []rune(text[:i])
			return string(head[:len(head)-1]) + "…"
		}
	}
	return text
}
