package mail

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"regexp"
	"strings"
)

// MaxReport bounds a report that is read. What a mail brought back is not needed.
const MaxReport = 4 << 20

// ErrNoReport means that a mail is no report of one that could not be delivered.
var ErrNoReport = errors.New("not a report of a mail that could not be delivered")

// A Bounce is what a report says of one mail (RFC 3464).
type Bounce struct {
	Deliveries []string // ids that the report names; that of the mail is among them
	Failed     bool     // false: it is late, or arrived
	Code       int      // 5 or 4 of the status, as an SMTP code: 550 or 450
	Status     string   // "5.1.1"
	Words      string   // of the server
}

// Forever reports whether the address will never take a mail.
func (b Bounce) Forever() bool { return b.Failed && forever(b.Status) }

// enhanced finds the status that most servers put before their words (RFC 3463).
var enhanced = regexp.MustCompile(`^([245])\.\d{1,3}\.\d{1,3}\b`)

// forever reports whether a status is about the address and for good: it is wrong,
// its mailbox is closed, or nothing else is said. A full mailbox, a message that is
// too large or suspicious, and what goes wrong on the way are not.
func forever(status string) bool {
	return strings.HasPrefix(status, "5.1.") || status == "5.2.1" || status == "5.0.0"
}

// Forever reports whether an answer to a recipient's address says that it will never
// take a mail.
func Forever(code int, answer string) bool {
	return code >= 500 && code < 600 && forever(enhanced.FindString(answer))
}

var (
	returned = regexp.MustCompile(`(?i)\+([a-z2-7]{26})@`)
	original = regexp.MustCompile(`(?i)<([a-z2-7]{26})@[^>\s]*>`)
)

// ParseBounce reads a mail. One that is no report is [ErrNoReport].
func ParseBounce(r io.Reader) (b Bounce, err error) {
	m, err := netmail.ReadMessage(bufio.NewReader(io.LimitReader(r, MaxReport)))
	if err != nil {
		return b, fmt.Errorf("%w: %w", ErrNoReport, err)
	}
	for _, name := range []string{"To", "Delivered-To", "X-Original-To", "Envelope-To"} {
		for _, line := range m.Header[textproto.CanonicalMIMEHeaderKey(name)] {
			b.find(returned, line)
		}
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || !strings.EqualFold(params["report-type"], "delivery-status") {
		return b, ErrNoReport
	}
	told := false
	for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if err != nil { // the end, or a report that was cut short: what was read counts
			break
		}
		kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		text := decoded(part)
		switch kind {
		case "message/delivery-status", "message/global-delivery-status":
			told = b.status(text) || told
		case "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers":
			b.header(text)
		}
	}
	if !told {
		return b, ErrNoReport
	}
	return b, nil
}

func decoded(p *multipart.Part) io.Reader {
	switch strings.ToLower(strings.TrimSpace(p.Header.Get("Content-Transfer-Encoding"))) {
	case "quoted-printable":
		return quotedprintable.NewReader(p)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, p)
	}
	return p
}

func (b *Bounce) find(pattern *regexp.Regexp, text string) {
	for _, m := range pattern.FindAllStringSubmatch(text, 10) {
		if len(b.Deliveries) < 10 {
			b.Deliveries = append(b.Deliveries, strings.ToLower(m[1]))
		}
	}
}

// status reads the groups of fields about the mail and its recipients.
func (b *Bounce) status(r io.Reader) (told bool) {
	for fields := textproto.NewReader(bufio.NewReader(r)); ; {
		group, err := fields.ReadMIMEHeader()
		b.find(original, "<"+group.Get("Original-Envelope-Id")+"@>")
		if action := strings.ToLower(strings.TrimSpace(group.Get("Action"))); action != "" {
			told = true
			if action == "failed" {
				b.Failed = true
				b.Status, _, _ = strings.Cut(strings.TrimSpace(group.Get("Status")), " ")
				b.Code = map[bool]int{true: 550, false: 450}[strings.HasPrefix(b.Status, "5")]
				_, words, _ := strings.Cut(group.Get("Diagnostic-Code"), ";")
				b.Words = reason(errors.New(strings.TrimSpace(strings.ToValidUTF8(words, "?"))))
			}
		}
		if err != nil {
			return told
		}
	}
}

// header reads the Message-ID of the mail that came back.
func (b *Bounce) header(r io.Reader) {
	group, _ := textproto.NewReader(bufio.NewReader(io.LimitReader(r, 256<<10))).ReadMIMEHeader()
	b.find(original, group.Get("Message-Id"))
}
