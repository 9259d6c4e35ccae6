package sheet

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// A class says how the numbers of a format are shown.
type class uint8

const (
	general  class = iota // as they are
	zeros                 // "00000": whole numbers with leading zeros
	calendar              // dates and times of day
	other                 // percent, currency, durations, fractions: excelize's part
)

// A format is the number format of a style.
type format struct {
	code  string
	class class
	texts bool // says how texts are shown, beside "as they are"
}

// styles holds the format of each style number.
type styles struct {
	formats []format
}

// maxStyles is Excel's own limit of cell styles in a workbook.
const maxStyles = 65490

// builtIn holds the formats that files name by number only. Those that follow
// the settings of the reader's computer (14 to 22) are written year first, so
// that nobody takes the day for the month.
var builtIn = map[int]string{
	1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00",
	5: `"$"#,##0;-"$"#,##0`, 6: `"$"#,##0;-"$"#,##0`, 7: `"$"#,##0.00;-"$"#,##0.00`, 8: `"$"#,##0.00;-"$"#,##0.00`,
	9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
	14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy",
	18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd hh:mm",
	37: "#,##0;-#,##0", 38: "#,##0;-#,##0", 39: "#,##0.00;-#,##0.00", 40: "#,##0.00;-#,##0.00",
	41: "#,##0;-#,##0", 42: `"$"#,##0;-"$"#,##0`, 43: "#,##0.00;-#,##0.00", 44: `"$"#,##0.00;-"$"#,##0.00`,
	45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
}

// readStyles reads the part with the styles; no name means no styles.
func readStyles(a *archive, name string) (*styles, error) {
	s := &styles{}
	if name == "" || !a.has(name) {
		return s, nil
	}
	codes := make(map[int]string)
	inCells := false
	err := a.small(name, func(start xml.StartElement) error {
		switch start.Name.Local {
		case "numFmt":
			if id, err := strconv.Atoi(attr(start, "numFmtId")); err == nil && len(codes) < maxStyles {
				codes[id] = attr(start, "formatCode")
			}
		case "cellStyleXfs", "cellXfs", "cellStyles", "dxfs":
			inCells = start.Name.Local == "cellXfs"
		case "xf":
			if inCells && len(s.formats) < maxStyles {
				id, _ := strconv.Atoi(attr(start, "numFmtId"))
				s.formats = append(s.formats, format{class: class(0), code: strconv.Itoa(id)})
			}
		}
		return nil
	})
	for i, f := range s.formats { // codes may follow their use
		id, _ := strconv.Atoi(f.code)
		s.formats[i] = newFormat(id, codes)
	}
	return s, err
}

func newFormat(id int, codes map[int]string) format {
	code, ok := codes[id]
	if !ok || code == "" {
		code, ok = builtIn[id]
	}
	if !ok && (id >= 27 && id <= 36 || id >= 50 && id <= 58) {
		code = "yyyy-mm-dd" // the calendars of East Asian computers
	}
	upper := strings.ToUpper(code)
	switch {
	case strings.Contains(upper, "[$-F800]"), strings.Contains(upper, "[$-X-SYSDATE]"):
		code = "yyyy-mm-dd" // "long date" of the reader's computer
	case strings.Contains(upper, "[$-F400]"), strings.Contains(upper, "[$-X-SYSTIME]"):
		code = "hh:mm:ss"
	}
	return format{code: code, class: classify(code), texts: strings.Contains(code, "@") && code != "@"}
}

// of returns the format of a style; an unknown style is shown as it is.
func (s *styles) of(style int) format {
	if style < 0 || style >= len(s.formats) {
		return format{}
	}
	return s.formats[style]
}

// classify decides by the letters that are left of a format's first section
// once literal text is taken out.
func classify(code string) class {
	switch {
	case code == "" || code == "@" || strings.EqualFold(code, "general") || strings.EqualFold(code, "standard"):
		return general
	case strings.Trim(code, "0") == "":
		return zeros
	}
	bare := strings.ToLower(unquoted(code))
	if strings.Contains(bare, "general") {
		return other
	}
	if strings.ContainsAny(bare, "ymdhs") && !strings.ContainsAny(bare, "#?") {
		return calendar
	}
	return other
}

// unquoted returns the first section of a format without quoted text, escaped
// characters and brackets. A duration such as [h]:mm becomes "#": no date.
func unquoted(code string) string {
	var b strings.Builder
	for i := 0; i < len(code); i++ {
		switch code[i] {
		case ';':
			return b.String()
		case '"':
			i += 1 + max(strings.IndexByte(code[i+1:], '"'), 0)
		case '\\', '_', '*':
			i++
		case '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return b.String()
			}
			if inner := strings.ToLower(code[i+1 : i+end]); inner != "" && strings.Trim(inner, inner[:1]) == "" && strings.Contains("hms", inner[:1]) {
				b.WriteByte('#')
			}
			i += end
		default:
			b.WriteByte(code[i])
		}
	}
	return b.String()
}
