package mail

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"
)

// A Message is a mail to one person.
type Message struct {
	ID      string // of the Message-ID; the same for a mail that is sent again
	From    string // an address, with a name before it or without
	To      string // a bare address
	Subject string
	Text    string // lines end with \n
	Date    time.Time

	HTML     string // the same as Text for those who see pictures; may be empty
	Inline   []File // pictures that the HTML shows as cid: and their names
	Attached []File
	ReplyTo  string // an address as From, or empty
	// Unsubscribe is the address of a page where the recipient can say that no
	// mail is wanted any more. If it is an https one, a POST of one click does it
	// (RFC 8058).
	Unsubscribe string
	// Return is the bare address to which other servers report that they could
	// not deliver; empty means that of From.
	Return string
}

// A File is a part of a message.
type File struct {
	Name string
	Type string // such as image/png
	Data []byte
}

// Bytes returns the message as it would be sent, signed if the key is not nil.
func (m *Message) Bytes(key *DKIM) ([]byte, error) {
	e, err := m.seal(key)
	return e.data, err
}

// An envelope is a message as it goes over the wire.
type envelope struct {
	from, to string // bare addresses
	data     []byte
}

// seal writes the message down, signed if there is a key. Everything that is
// wrong with it is told at once.
func (m *Message) seal(key *DKIM) (envelope, error) {
	from, err := m.check()
	if err != nil {
		return envelope{}, err
	}
	msg := gomail.NewMsg(gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(from)
	msg.ToMailAddress(&netmail.Address{Address: m.To})
	if m.ReplyTo != "" {
		reply, _ := netmail.ParseAddress(m.ReplyTo)
		msg.ReplyToMailAddress(reply)
	}
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDateWithValue(m.Date)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's absence answers it
	if err := m.fill(msg); err != nil {
		return envelope{}, err
	}
	if key != nil {
		msg.SetDKIM(key.signer())
	}
	var buf bytes.Buffer
	if _, err := msg.WriteTo(&buf); err != nil {
		return envelope{}, fmt.Errorf("write a mail: %w", err)
	}
	data := buf.Bytes()
	if key != nil {
		data = refold(data)
	}
	return envelope{from: cmp.Or(m.Return, from.Address), to: m.To, data: data}, nil
}

// fill puts in what the mail says.
func (m *Message) fill(msg *gomail.Msg) error {
	msg.SetBodyString(gomail.TypeTextPlain, crlf(m.Text))
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, crlf(m.HTML))
	}
	for _, f := range m.Inline {
		if err := msg.EmbedReader(f.Name, bytes.NewReader(f.Data), gomail.WithFileContentType(gomail.ContentType(f.Type))); err != nil {
			return fmt.Errorf("put %s into a mail: %w", f.Name, err)
		}
	}
	for _, f := range m.Attached {
		if err := msg.AttachReader(f.Name, bytes.NewReader(f.Data), gomail.WithFileContentType(gomail.ContentType(f.Type))); err != nil {
			return fmt.Errorf("attach %s to a mail: %w", f.Name, err)
		}
	}
	switch {
	case strings.HasPrefix(m.Unsubscribe, "https://"):
		return msg.SetListUnsubscribeOneClick(m.Unsubscribe)
	case m.Unsubscribe != "": // of a trial on this machine
		msg.SetListUnsubscribe(m.Unsubscribe)
	}
	return nil
}

func crlf(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
}

// check refuses what would be something else on the wire than it is here, and
// returns the sender.
func (m *Message) check() (from *netmail.Address, err error) {
	from, err = person("sender", m.From)
	errs := []error{err, CheckAddress(m.To)}
	if m.ReplyTo != "" {
		_, err := person("reply address", m.ReplyTo)
		errs = append(errs, err)
	}
	if m.Return != "" {
		if err := CheckAddress(m.Return); err != nil {
			errs = append(errs, fmt.Errorf("return address of a mail: %w", err))
		}
	}
	if m.ID == "" || strings.ContainsAny(m.ID, "<> ") {
		errs = append(errs, errors.New("id of a mail is empty, or holds a blank or an angle bracket"))
	}
	if u, err := url.Parse(m.Unsubscribe); err != nil || strings.ContainsAny(m.Unsubscribe, "<> ,\"") || m.Unsubscribe != "" && u.Host == "" {
		errs = append(errs, errors.New("the address for unsubscribing from a mail is none"))
	}
	headers := map[string]string{"subject": m.Subject, "id": m.ID, "sender": m.From, "reply address": m.ReplyTo, "address for unsubscribing": m.Unsubscribe}
	for _, f := range slices.Concat(m.Inline, m.Attached) {
		headers["file name"] += f.Name
		headers["file type"] += f.Type
	}
	for name, text := range headers {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }) {
			errs = append(errs, fmt.Errorf("%s of a mail holds a line break or another control character", name))
		}
	}
	return from, errors.Join(errs...)
}

// person reads an address with or without a name.
func person(what, text string) (*netmail.Address, error) {
	a, err := netmail.ParseAddress(text)
	if err != nil {
		return &netmail.Address{}, fmt.Errorf("%s of a mail: %q is no address", what, text)
	}
	return a, CheckAddress(a.Address)
}

// CheckPerson refuses what is no address, with a name before it or without.
func CheckPerson(text string) error {
	_, err := person("address", text)
	return err
}
