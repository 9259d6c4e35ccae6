package keyring

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"passmill/sign"
)

// Where people renew.
const (
	passPortal = "https://developer.apple.com/account/resources/identifiers/list/passTypeId"
	pushPortal = "https://identity.apple.com/pushcert/"
	authority  = "https://www.apple.com/certificateauthority/"
)

// A Letter is the mail of a warning.
type Letter struct {
	ID      string // the same for the same warning and recipient, however often it is written
	To      string
	Subject string
	Text    string
	Date    time.Time
}

// letter writes the mail of a warning.
func (w Warning) letter(to string, uses []sign.Use, now time.Time) Letter {
	sum := sha256.Sum256([]byte(w.Entry.ID + "\n" + to))
	l := Letter{
		ID: fmt.Sprintf("expiry-%.16s-%d-%x", w.Certificate.ID, w.Step, sum[:6]), To: to, Date: now,
		Subject: fmt.Sprintf("%s %s", w.name(), w.When(now)),
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s.\n\n", w.Title(), w.When(now))
	b.WriteString(w.consequence(now))
	b.WriteString(w.users(uses))
	b.WriteString("\nTo renew it:\n" + w.steps())
	fmt.Fprintf(&b, "\nThe certificate: %s\nSHA-256: %s\nvalid until %s\n", w.Certificate.Subject, w.Certificate.ID, w.Certificate.NotAfter.UTC().Format("2 January 2006 15:04 MST"))
	fmt.Fprintf(&b, "\npassmill warns 60, 30, 14, 7, 3 and 1 days before the expiry, and on the day. The warnings end when the\ncertificate is renewed, or disabled with passmill cert disable.\n")
	l.Text = b.String()
	return l
}

// name is the certificate in a subject: short, and without anything but its names.
func (w Warning) name() string {
	switch {
	case w.ofApple():
		return "Apple's intermediate certificate"
	case w.Entry.Kind == sign.KindPush:
		return "Push certificate " + printable(w.Entry.Title())
	}
	return "Pass certificate " + printable(w.Entry.Title())
}

// printable takes out of a name what no subject may hold.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, name)
}

func (w Warning) consequence(now time.Time) string {
	expired := now.After(w.Certificate.NotAfter)
	switch {
	case w.Entry.Kind == sign.KindPush && expired:
		return "Devices that are managed with it can't be reached until it is renewed.\n"
	case w.Entry.Kind == sign.KindPush:
		return "After that, devices that are managed with it can't be reached. Renew it under the same Apple ID: with\nanother one the topic changes, and every device has to be enrolled again.\n"
	case expired:
		return "No pass can be made or updated with it until it is renewed. Passes on phones stay as they are.\n"
	}
	return "After that, no pass can be made or updated with it. Passes on phones stay as they are.\n"
}

// users says what a certificate is used for.
func (w Warning) users(uses []sign.Use) string {
	var b strings.Builder
	for _, e := range w.Dependents {
		fmt.Fprintf(&b, "It issued the certificate %s%s.\n", e.Title(), ofTenant(e.Tenant))
	}
	for _, u := range uses {
		made := "no passes yet"
		if u.Passes > 0 {
			made = fmt.Sprintf("%d passes signed", u.Passes)
		}
		fmt.Fprintf(&b, "It is used by job %s with template %s (%s).\n", printable(u.Job), printable(u.Template), made)
	}
	if b.Len() == 0 && w.Entry.Kind != sign.KindPush {
		return "No job has used it yet.\n"
	}
	return b.String()
}

// shell writes a text as one word of a shell, whatever is in it: people paste the
// commands of a mail.
func shell(text string) string {
	bad := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@._+-/", r))
	}
	if text != "" && !strings.ContainsFunc(text, bad) {
		return text
	}
	return "'" + strings.ReplaceAll(printable(text), "'", `'\''`) + "'"
}

// Renewal returns the command that begins the renewal, or what there is to do
// instead.
func (w Warning) Renewal() string {
	address := cmp.Or(w.Entry.Contact, "ADDRESS")
	switch {
	case w.ofApple():
		return "make new certificates for the pass types that it issued"
	case w.Entry.Kind == sign.KindPush:
		return fmt.Sprintf("passmill cert request --push --apple-id %s%s", shell(address), w.tenant())
	}
	return fmt.Sprintf("passmill cert request --pass-type %s --email %s%s", shell(w.Entry.BaseName), shell(address), w.tenant())
}

// tenant is the option that names the entry's tenant.
func (w Warning) tenant() string {
	if w.Entry.Tenant == "" {
		return ""
	}
	return " --tenant " + shell(w.Entry.Tenant)
}

// steps are the commands and pages that renew the certificate.
func (w Warning) steps() string {
	switch {
	case w.ofApple():
		return fmt.Sprintf(`  1. In %s, make new certificates for the pass types above:
     Apple issues them with its newest intermediate.
  2. passmill cert import FILE.cer    (with --intermediate FILE, from %s,
     if passmill does not carry the new one yet)
`, passPortal, authority)
	case w.Entry.Kind == sign.KindPush:
		return fmt.Sprintf(`  1. %s
  2. Have the request signed by your MDM vendor, as for the first one.
  3. In %s, signed in with the same Apple ID, find the certificate with
     the topic %s and choose "Renew", not "Create a Certificate".
  4. passmill cert import --push%s FILE.pem
`, w.Renewal(), pushPortal, w.Entry.BaseName, w.tenant())
	}
	return fmt.Sprintf(`  1. %s
  2. In %s, click %s, then "Create Certificate",
     upload the request and download the certificate.
  3. passmill cert import FILE.cer
`, w.Renewal(), passPortal, w.Entry.BaseName)
}
