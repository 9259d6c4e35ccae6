package sheet

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

var errNumber = errors.New("is no number")

// maxDigits bounds what a number is written out to: a double has at most 309
// digits before its point, and 324 zeros after it.
const maxDigits = 400

// expand writes a stored number out in decimal digits, exactly: without an
// exponent, needless zeros or a plus sign.
func expand(v string) (string, error) {
	v = strings.Trim(v, " \t\r\n")
	if plain(v) {
		return v, nil
	}
	mantissa, exponent, ok := v, 0, len(v) <= maxDigits
	if i := strings.IndexAny(v, "eE"); i >= 0 {
		var err error
		exponent, err = strconv.Atoi(v[i+1:])
		mantissa = v[:i]
		ok = ok && err == nil && exponent >= -maxDigits && exponent <= maxDigits
	}
	sign := ""
	if strings.HasPrefix(mantissa, "-") {
		sign = "-"
	}
	whole, fraction, _ := strings.Cut(strings.TrimLeft(mantissa, "+-"), ".")
	digits := whole + fraction
	if !ok || digits == "" || len(mantissa)-len(strings.TrimLeft(mantissa, "+-")) > 1 || strings.Trim(digits, "0123456789") != "" {
		return "", errNumber
	}
	return sign + point(digits, len(whole)+exponent), nil
}

// plain reports whether v is written out already, as most numbers are.
func plain(v string) bool {
	if v == "" || len(v) > 15 || v[0] == '0' && len(v) > 1 {
		return false
	}
	for i := range len(v) {
		if v[i] < '0' || v[i] > '9' {
			return false
		}
	}
	return true
}

// point puts the decimal point before the digit with that index, which may lie
// outside.
func point(digits string, at int) string {
	if at <= 0 {
		digits, at = strings.Repeat("0", 1-at)+digits, 1
	}
	if at > len(digits) {
		digits += strings.Repeat("0", at-len(digits))
	}
	whole := strings.TrimLeft(digits[:at], "0")
	if whole == "" {
		whole = "0"
	}
	if fraction := strings.TrimRight(digits[at:], "0"); fraction != "" {
		return whole + "." + fraction
	}
	return whole
}

// long reports whether a written-out number has more than the 15 digits that
// spreadsheets calculate with, and whether it is whole.
func long(number string) (over, isWhole bool) {
	number = strings.TrimPrefix(number, "-")
	whole, fraction, _ := strings.Cut(number, ".")
	return len(strings.TrimLeft(whole+fraction, "0")) > 15, fraction == ""
}

// rounded returns a number as a spreadsheet shows it in a wide column: fractions
// to 15 digits, since the rest is noise of binary numbers (0.1+0.2); whole
// numbers with all their digits, since they are numbers of cards and members.
func rounded(number string) string {
	over, isWhole := long(number)
	if !over || isWhole {
		return number
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return number
	}
	short, err := expand(strconv.FormatFloat(f, 'e', 14, 64))
	if err != nil {
		return number
	}
	return short
}

// padded returns a whole number with leading zeros, as "00000" shows it.
func padded(number string, width int) string {
	digits := strings.TrimPrefix(number, "-")
	sign := number[:len(number)-len(digits)]
	return sign + strings.Repeat("0", max(width-len(digits), 0)) + digits
}

// isoTime is how a date is handed on: local, without a zone.
const isoTime = "2006-01-02T15:04:05"

// date returns the moment that a spreadsheet means by a number: days since the
// end of 1899, or since the beginning of 1904. Only the years up to 9999 are
// dates.
func date(number string, since1904 bool) (time.Time, bool) {
	days, err := strconv.ParseFloat(number, 64)
	if err != nil || days < 0 || days >= 2958466 {
		return time.Time{}, false
	}
	whole := math.Floor(days)
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case since1904:
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case whole < 60: // for spreadsheets, 1900 was a leap year
		epoch = time.Date(1899, 12, 31, 0, 0, 0, 0, time.UTC)
	}
	seconds := math.Round((days - whole) * 86400)
	return epoch.AddDate(0, 0, int(whole)).Add(time.Duration(seconds) * time.Second), true
}

// serial is the inverse of date.
func serial(t time.Time, since1904 bool) string {
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if since1904 {
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	days := t.Sub(epoch).Seconds() / 86400
	if !since1904 && days < 61 {
		days--
	}
	return strconv.FormatFloat(days, 'f', -1, 64)
}

// isoDate reads the content of a cell of type d.
func isoDate(v string) (time.Time, bool) {
	v = strings.TrimSuffix(strings.TrimSpace(v), "Z")
	for _, layout := range []string{isoTime, "2006-01-02", "2006-01-02T15:04", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, v); err == nil { // Parse takes fractions of seconds too
			return t.Round(time.Second), true
		}
	}
	return time.Time{}, false
}
