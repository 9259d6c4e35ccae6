package mail

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"passmill/jobs"
)

// Particulars are what is special about one mail.
type Particulars struct {
	ID          string // of the Message-ID
	To          string // a bare address
	From        string // where the letter names no sender
	Return      string
	Date        time.Time
	Language    string
	Value       func(name string) string // of a field; empty if the row has none
	Link        string                   // that opens the pass
	Unsubscribe string                   // the page that ends the mails
	Pass        *File                    // that is attached; may be nil
}

// Compose writes a mail. Values are escaped in the HTML, stand as they are in the
// text, and on one line in the subject. draw makes the picture of a QR code.
func (l *Letters) Compose(p Particulars, draw func(text string) ([]byte, error)) (Message, error) {
	in, err := l.in(p.Language)
	if err != nil {
		return Message{}, err
	}
	c := &composing{letter: in, p: p, draw: draw}
	m := Message{
		ID: p.ID, To: p.To, From: cmp.Or(in.From, p.From), ReplyTo: in.ReplyTo, Return: p.Return, Date: p.Date, Unsubscribe: p.Unsubscribe,
		Subject: oneLine(c.plain(in.subject)), Text: c.plain(in.text), Inline: slices.Clone(in.pictures),
	}
	if m.HTML, err = in.html.fill(c.inHTML); err == nil {
		err = c.err
	}
	if err != nil {
		return Message{}, fmt.Errorf("write a mail: %w", err)
	}
	m.Inline = append(m.Inline, c.inline...)
	if p.Pass != nil {
		m.Attached = []File{*p.Pass}
	}
	return m, nil
}

// A composing is a mail that is being written.
type composing struct {
	*letter
	p      Particulars
	draw   func(string) ([]byte, error)
	inline []File
	err    error
}

func (c *composing) plain(list []piece) string {
	var b strings.Builder
	for _, p := range list {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		switch name, ok := isReserved(p.name); {
		case !ok:
			b.WriteString(c.p.Value(p.name))
		case name == passLink:
			b.WriteString(c.p.Link)
		case name == unsubscribe:
			b.WriteString(c.p.Unsubscribe)
		case name == preheader:
			b.WriteString(c.plain(c.letter.preheader))
		}
	}
	return b.String()
}

// inHTML returns what html/template escapes; addresses of our own are typed so that
// it takes them as they are.
func (c *composing) inHTML(name string) any {
	reserved, ok := isReserved(name)
	if !ok {
		return c.p.Value(name)
	}
	switch reserved {
	case passLink:
		return template.URL(c.p.Link)
	case unsubscribe:
		return template.URL(c.p.Unsubscribe)
	case passBadge:
		if c.badge != nil {
			return c.embed(*c.badge)
		}
	case passQR:
		return c.code()
	case preheader:
		return c.plain(c.letter.preheader)
	}
	return ""
}

// qrName is what the picture of the QR code is called in a mail.
const qrName = "passmill-qr.png"

func (c *composing) code() any {
	if c.p.Link == "" || c.draw == nil {
		return ""
	}
	data, err := c.draw(c.p.Link)
	c.err = cmp.Or(c.err, err)
	return c.embed(File{Name: qrName, Type: "image/png", Data: data})
}

func (c *composing) embed(f File) any {
	if !slices.ContainsFunc(c.inline, func(g File) bool { return g.Name == f.Name }) {
		c.inline = append(c.inline, f)
	}
	return template.URL("cid:" + f.Name)
}

// maxSubject is how many characters of a subject are kept.
const maxSubject = 200

// oneLine makes text fit for a header.
func oneLine(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' || r == '\u0085' }), " ")
	if runes := []rune(text); len(runes) > maxSubject {
		return string(runes[:maxSubject-1]) + "…"
	}
	return text
}

// A Use is a placeholder in a file of letters.
type Use struct {
	File string
	Line int
	Name string
}

// Uses lists the fields that the letters ask for, each at its first place.
func (l *Letters) Uses() (uses []Use) {
	add := func(file, text string) {
		list, _, _ := pieces(comment.ReplaceAllString(text, ""))
		for _, p := range list {
			if _, ok := isReserved(p.name); ok || p.name == "" ||
				slices.ContainsFunc(uses, func(u Use) bool { return jobs.FoldName(u.Name) == jobs.FoldName(p.name) }) {
				continue
			}
			uses = append(uses, Use{file, lineOf(text, max(0, strings.Index(text, p.name))), p.name})
		}
	}
	for _, name := range l.names() {
		add(name, string(l.Files[name]))
	}
	return uses
}

// Lint returns what is odd about the letters, though they can be sent.
func (l *Letters) Lint() (notes []string) {
	for _, name := range l.names() {
		m := letterName.FindStringSubmatch(name)
		text := string(l.Files[name])
		list, _, _ := pieces(text)
		has := func(want string) bool {
			return slices.ContainsFunc(list, func(p piece) bool { r, _ := isReserved(p.name); return r == want })
		}
		if m[2] == "yaml" {
			continue
		}
		switch {
		case has(passLink) && !l.offers.Link:
			notes = append(notes, name+": has $$PassLink, but the job makes no links, so it stands for nothing; write links: true into the job, or attach: true under mail")
		case !has(passLink) && l.offers.Link && !l.offers.Attached:
			notes = append(notes, name+": has no $$PassLink, so nobody finds the pass; put it in, or write attach: true under mail in the job")
		}
		if has(passBadge) && !l.offers.Badge {
			notes = append(notes, name+": has $$PassBadge, but there is no badge.png beside it")
		}
		if !has(unsubscribe) && l.offers.Unsubscribe {
			notes = append(notes, name+": has no $$Unsubscribe; mail programs offer it all the same, but people look for it at the end of a mail")
		}
		if other := strings.TrimSuffix(name, m[2]) + "txt"; m[2] == "html" && l.Files[other] == nil {
			notes = append(notes, name+": has no "+other+" beside it, so those who read plain text get a short standard text")
		}
	}
	return notes
}

func (l *Letters) names() (names []string) {
	for name := range l.Files {
		if letterName.MatchString(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
