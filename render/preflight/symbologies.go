package preflight

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

const decimals = "0123456789"

// A symbology is what is known of a barcode format.
type symbology struct {
	row     bool                        // its lines stand in one row
	recent  bool                        // from iOS 27 on
	content func(message string) string // what is wrong with a message; nil: anything goes
	// most says how many digits, characters of its densest alphabet, and bytes
	// the largest symbol holds; no capacity is known where it is zero.
	most [3]int
	wide int // characters beyond which lines are too thin on a phone's screen
}

var symbologies = map[string]symbology{
	"PKBarcodeFormatQR":      {most: [3]int{7089, 4296, 2953}},
	"PKBarcodeFormatPDF417":  {most: [3]int{2710, 1850, 1108}},
	"PKBarcodeFormatAztec":   {most: [3]int{3832, 3067, 1914}},
	"PKBarcodeFormatCode128": {row: true, content: code128, wide: 40},
	"PKBarcodeFormatCode39":  {row: true, recent: true, content: code39, wide: 20},
	"PKBarcodeFormatCodabar": {row: true, recent: true, content: codabar, wide: 30},
	"PKBarcodeFormatEAN13":   {row: true, recent: true, content: ean13},
	"PKBarcodeFormatI2of5":   {row: true, recent: true, content: i2of5, wide: 40},
}

// tooLong compares a message with the largest symbol there is. A phone may draw
// smaller ones only, so that a message that passes may still be too long.
func tooLong(at *Place) (key, message string) {
	most := symbologies[text(at.Node, "format")].most
	if most[2] == 0 {
		return "", ""
	}
	m := text(at.Node, "message")
	length, limit := encodedLen(m, text(at.Node, "messageEncoding")), most[2]
	switch {
	case each(m, decimals):
		limit = most[0]
	case text(at.Node, "format") == "PKBarcodeFormatQR" && each(m, decimals+"ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"):
		limit = most[1]
	case text(at.Node, "format") != "PKBarcodeFormatQR" && maxRune(m) < utf8.RuneSelf:
		limit = most[1]
	}
	if length > limit {
		return "message", "has " + strconv.Itoa(length) + " bytes, but the largest such code holds " + strconv.Itoa(limit)
	}
	return "", ""
}

// encodedLen returns how many bytes a message has in an encoding: one for a
// character in those of one byte.
func encodedLen(message, encoding string) int {
	if strings.HasPrefix(strings.ToLower(encoding), "utf") {
		return len(message)
	}
	return utf8.RuneCountInString(message)
}

// code128 follows ISO/IEC 15417: the characters of ASCII.
func code128(m string) string {
	if maxRune(m) >= utf8.RuneSelf {
		return "holds a character beyond ASCII, which Code 128 can't"
	}
	return ""
}

// code39 follows ISO/IEC 16388.
func code39(m string) string {
	if !each(m, decimals+"ABCDEFGHIJKLMNOPQRSTUVWXYZ -.$/+%") {
		return "holds a character that Code 39 can't: it knows digits, capital letters, blank and -.$/+%"
	}
	return ""
}

// codabar follows EN 798: digits and six signs between a start and a stop
// letter, which the writer may add by itself.
func codabar(m string) string {
	const letters = "ABCDabcd"
	first, last := strings.IndexByte(letters, m[0]) >= 0, strings.IndexByte(letters, m[len(m)-1]) >= 0
	if first != last || first && len(m) < 2 {
		return "has a start letter without a stop letter, or the reverse"
	}
	if first {
		m = m[1 : len(m)-1]
	}
	if !each(m, decimals+"-$:/.+") {
		return "holds a character that Codabar can't: it knows digits and -$:/.+ between letters from A to D"
	}
	return ""
}

// ean13 follows ISO/IEC 15420: twelve digits and a check digit.
func ean13(m string) string {
	switch {
	case !each(m, decimals):
		return "holds something else than digits, which EAN-13 can't"
	case len(m) == 12:
		return "has 12 digits; with its check digit it would end in " + strconv.Itoa(checkDigit(m))
	case len(m) != 13:
		return "has " + strconv.Itoa(len(m)) + " digits, but EAN-13 has 13"
	case int(m[12]-'0') != checkDigit(m[:12]):
		return "has the wrong check digit; the last digit should be " + strconv.Itoa(checkDigit(m[:12]))
	}
	return ""
}

// checkDigit weighs the digits 1, 3, 1, 3 from the left.
func checkDigit(twelve string) int {
	sum := 0
	for i, c := range []byte(twelve) {
		sum += int(c-'0') * (1 + i%2*2)
	}
	return (10 - sum%10) % 10
}

// i2of5 follows ISO/IEC 16390: pairs of digits.
func i2of5(m string) string {
	switch {
	case !each(m, decimals):
		return "holds something else than digits, which Interleaved 2 of 5 can't"
	case len(m)%2 != 0:
		return "has an odd number of digits, but Interleaved 2 of 5 writes pairs; put a 0 in front"
	}
	return ""
}

// each reports whether every byte of s is in the alphabet.
func each(s, alphabet string) bool {
	for i := range len(s) {
		if strings.IndexByte(alphabet, s[i]) < 0 {
			return false
		}
	}
	return true
}
