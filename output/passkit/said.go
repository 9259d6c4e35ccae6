package passkit

import (
	"net/http"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"passmill/jobs"
	"passmill/jobs/caller"
)

// maxLine is how many bytes are kept of a line.
const maxLine = 1000

// log keeps what a phone says. Anybody can call it, so it is bounded in every way.
func (s *server) log(w http.ResponseWriter, r *http.Request) error {
	from := caller.Origin(r, s.Proxies)
	if err := wait(w, s.said, from); err != nil {
		return err
	}
	if err := wait(w, s.saidByAll, netip.Addr{}); err != nil {
		return err
	}
	s.said.Add(from)
	s.saidByAll.Add(netip.Addr{})
	var body struct {
		Logs []string `json:"logs"`
	}
	if err := decode(w, r, maxLogBody, &body); err != nil {
		return err
	}
	var lines []jobs.PhoneLine
	for _, text := range body.Logs[:min(len(body.Logs), maxLogLines)] {
		l := parseLine(text)
		l.At = s.Now()
		lines = append(lines, l)
	}
	if len(lines) > 0 {
		if err := s.Store.AddPhoneLines(r.Context(), lines); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// Apple's phones name what a line is about in the same way in all of them.
var (
	lineDevice = regexp.MustCompile(`\bdevice ([0-9A-Za-z-]{8,128})|/devices/([^/\s]{8,128})`)
	lineType   = regexp.MustCompile(`\b(?:pass type|for) (pass\.[0-9A-Za-z.-]+)`)
	lineSerial = regexp.MustCompile(`\bserial number '?([^,;)'\s]+)|/passes/[^/\s]+/([^/\s]+)`)
	lineSecret = regexp.MustCompile(`(?i)\b(?:ApplePass|Bearer) \S+|\b[0-9a-f]{32,}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`)
)

// parseLine finds out what a line is about, and takes out of it what is secret: the
// identifier of the device, which opens the list of its passes, and whatever else looks
// like a key.
func parseLine(text string) jobs.PhoneLine {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) > maxLine {
		text = strings.ToValidUTF8(text[:maxLine], "") + "…"
	}
	l := jobs.PhoneLine{TypeID: group(lineType, text), Serial: strings.TrimRight(group(lineSerial, text), ".:")}
	if library := group(lineDevice, text); library != "" {
		l.Device = jobs.DeviceOf(library).Short()
		text = strings.ReplaceAll(text, library, l.Device)
	}
	text = lineSecret.ReplaceAllStringFunc(text, func(found string) string {
		if found == l.Serial { // some make them as long
			return found
		}
		return "[redacted]"
	})
	l.Text = printable(text)
	return l
}

// group returns the first group that an expression found.
func group(e *regexp.Regexp, text string) string {
	for i, part := range e.FindStringSubmatch(text) {
		if i > 0 && part != "" {
			return part
		}
	}
	return ""
}

// printable escapes what a terminal would obey.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}
