package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"passmill/output/mail"
)

// Mailing settings are what passmill.yaml says under mailing.
type mailingSettings struct {
	Connections int          `yaml:"connections"` // how many mails are sent at once; 4 if absent
	Pace        float64      `yaml:"pace"`        // mails a second; as many as the server takes if absent
	PerDomain   float64      `yaml:"perDomain"`   // mails a second to one domain of recipients; likewise
	Window      string       `yaml:"window"`      // when mails are sent, "09:00-18:00"; always if absent
	Timezone    string       `yaml:"timezone"`    // of the window
	Bounces     string       `yaml:"bounces"`     // address that gets reports of mails that could not be delivered; the sender if absent
	DKIM        dkimSettings `yaml:"dkim"`        // signs mails in the name of a domain

	Mailbox mailboxSettings `yaml:"mailbox"` // where mails come back to, read by IMAP; passmill serve looks every few minutes
}

type mailboxSettings struct {
	Server       string `yaml:"server"`       // host:port; TLS begins with the connection
	User         string `yaml:"user"`         // who signs in
	PasswordEnv  string `yaml:"passwordEnv"`  // environment variable with the user's password, or …
	PasswordFile string `yaml:"passwordFile"` // … a file whose first line it is
	Folder       string `yaml:"folder"`       // INBOX if absent
	TLS          string `yaml:"tls"`          // required (the default) | none, which is for this machine's own server
}

type dkimSettings struct {
	Domain   string `yaml:"domain"`   // example.com
	Selector string `yaml:"selector"` // the public key is at SELECTOR._domainkey.DOMAIN
	Key      string `yaml:"key"`      // file with the private key, RSA or Ed25519, as PEM
}

// defaultConnections is how many mails are sent at once where nobody says.
const defaultConnections = 4

func (m mailingSettings) check() (w mail.Window, err error) {
	var errs []error
	if m.Connections < 0 || m.Connections > 100 {
		errs = append(errs, fmt.Errorf("connections: is %d; write a number from 1 to 100", m.Connections))
	}
	if m.Pace < 0 || m.PerDomain < 0 {
		errs = append(errs, errors.New("pace: and perDomain: are numbers of mails a second, above 0"))
	}
	if w, err = mail.ParseWindow(m.Window, m.Timezone); err != nil {
		errs = append(errs, err)
	}
	if m.Bounces != "" {
		if err := mail.CheckAddress(m.Bounces); err != nil {
			errs = append(errs, fmt.Errorf("bounces: %w", err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return w, fmt.Errorf("%s: mailing: %s", settingsFile, strings.ReplaceAll(err.Error(), "\n", "\n"+settingsFile+": mailing: "))
	}
	return w, nil
}

// returns returns the mailbox to which mails come back; nil if there is none.
func (w workspace) returns(m mailboxSettings) (*mail.Mailbox, error) {
	if m == (mailboxSettings{}) {
		return nil, nil
	}
	b := &mail.Mailbox{Address: m.Server, User: m.User, Folder: m.Folder, Plain: m.TLS == "none"}
	errs := []error{b.Check()}
	var err error
	switch {
	case (m.PasswordEnv == "") == (m.PasswordFile == ""):
		err = errors.New("say passwordEnv: VARIABLE or passwordFile: FILE, one of them")
	case m.PasswordEnv != "":
		b.Password, err = passwordFromEnv(m.PasswordEnv)
	default:
		b.Password, err = passwordFromFile(w.path(m.PasswordFile))
	}
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, fmt.Errorf("%s: mailing: mailbox: %w", settingsFile, err)
	}
	return b, nil
}

// dkim opens the key that signs mails; nil if there is none.
func (w workspace) dkim(d dkimSettings) (*mail.DKIM, error) {
	if d == (dkimSettings{}) {
		return nil, nil
	}
	key, err := os.ReadFile(w.path(d.Key))
	if err != nil {
		return nil, fmt.Errorf("%s: mailing: dkim: key: %w", settingsFile, noFile(d.Key, err))
	}
	defer clear(key)
	signer, err := mail.NewDKIM(d.Domain, d.Selector, key)
	if err != nil {
		return nil, fmt.Errorf("%s: mailing: dkim: %w", settingsFile, err)
	}
	return signer, nil
}
