package mail

import (
	"bytes"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// A Message is a mail of plain text to one person.
type Message struct {
	ID      string // of the Message-ID; the same for a mail that is sent again
	From    string // an address, with a name before it or without
	To      string // a bare address
	Subject string
	Text    string // lines end with \n
	Date    time.Time
}

// An envelope is a message as it goes over the wire.
type envelope struct {
	from, to string // bare addresses
	data     []byte
}

// seal writes the message down. Everything that is wrong with it is told at once.
func (m Message) seal() (envelope, error) {
	from, err := netmail.ParseAddress(m.From)
	if err != nil {
		err = fmt.Errorf("sender of a mail: %q is no address", m.From)
		from = &netmail.Address{}
	} else {
		err = CheckAddress(from.Address)
	}
	errs := []error{err, CheckAddress(m.To)}
	for name, text := range map[string]string{"subject": m.Subject, "id": m.ID, "sender": m.From} {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			errs = append(errs, fmt.Errorf("%s of a mail holds a line break or another control character", name))
		}
	}
	if m.ID == "" || strings.ContainsAny(m.ID, "<> ") {
		errs = append(errs, errors.New("id of a mail is empty, or holds a blank or an angle bracket"))
	}
	if err := errors.Join(errs...); err != nil {
		return envelope{}, err
	}
	msg := gomail.NewMsg(gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(from)
	msg.ToMailAddress(&netmail.Address{Address: m.To})
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDateWithValue(m.Date)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's absence answers it
	msg.SetBodyString(gomail.TypeTextPlain, strings.ReplaceAll(m.Text, "\n", "\r\n"))
	var buf bytes.Buffer
	if _, err := msg.WriteTo(&buf); err != nil {
		return envelope{}, fmt.Errorf("write a mail: %w", err)
	}
	return envelope{from: from.Address, to: m.To, data: buf.Bytes()}, nil
}

// maxAddress is the longest address that SMTP takes (RFC 5321, section 4.5.3.1.3,
// without the brackets).
const maxAddress = 254

// CheckAddress refuses what is no bare mail address, and what is one and has a
// form that servers have taken for another: with quotes, blanks, brackets or
// letters outside of ASCII. Its error does not quote the address.
func CheckAddress(address string) error {
	at := strings.LastIndexByte(address, '@')
	switch parsed, err := netmail.ParseAddress(address); {
	case len(address) > maxAddress:
		return fmt.Errorf("mail address is longer than %d characters", maxAddress)
	case strings.ContainsAny(address, "\"<>()[]\\,;: \t"), strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("mail address holds a character that is not taken: write it bare, like wallet@example.com")
	case err != nil || parsed.Address != address || at < 1 || !domain(address[at+1:]):
		return errors.New("not a mail address: write it bare, like wallet@example.com")
	}
	return nil
}

// domain reports whether a text can be the name of a host.
func domain(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-') {
				return false
			}
		}
	}
	return true
}
