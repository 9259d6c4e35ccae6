package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"golang.org/x/text/language"

	"passmill/output/passkit/phone"
	"passmill/sign/verify"
)

type phoneCommand struct {
	Add     phoneAddCommand     `cmd:"" help:"Take a pass in, and register for its updates."`
	Watch   phoneWatchCommand   `cmd:"" help:"Hear pushes, fetch what changed, and show what the lock screen would say."`
	Refresh phoneRefreshCommand `cmd:"" help:"Ask for newer versions, as when a person pulls a pass down."`
	List    phoneListCommand    `cmd:"" help:"List the passes that the phone holds."`
	Show    phoneShowCommand    `cmd:"" help:"Show a pass as the phone does."`
	Remove  phoneRemoveCommand  `cmd:"" help:"Throw a pass away, and say so to its web service."`
	Fleet   phoneFleetCommand   `cmd:"" help:"Try a server with thousands of phones, and say which is left behind."`
}

// Help is the end of the command's -h.
func (phoneCommand) Help() string {
	return "A simulated phone, to try updates without one. It lives in a folder, so that several commands are one phone. " +
		"Exit status: 0 done, 1 not done, 3 a pass was refused, or a phone of a fleet is left behind."
}

// A phoneNet is whom a phone trusts.
type phoneNet struct {
	CA    []string `type:"existingfile" placeholder:"FILE" help:"Trust this authority (PEM) when speaking to servers, besides those of the system."`
	Roots []string `type:"existingfile" placeholder:"FILE" help:"Trust passes that lead to this root certificate (PEM), besides Apple's; for pretend authorities."`
}

// client speaks to servers as a phone does: each phone has few connections, and takes
// no answer from elsewhere.
func (n *phoneNet) client(connections int) (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost, transport.MaxConnsPerHost = connections, connections, connections
	if len(n.CA) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		for _, name := range n.CA {
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, noFile(name, err)
			}
			if !pool.AppendCertsFromPEM(text) {
				return nil, fmt.Errorf("--ca %s holds no certificate in PEM form; convert it with openssl x509 -inform DER", name)
			}
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: transport}, nil
}

// judge returns the judgement of a phone that trusts these roots.
func (n *phoneNet) judge() (phone.Judge, error) {
	roots, err := trustedRoots(n.Roots)
	if err != nil {
		return nil, err
	}
	return phoneJudge(verify.Options{Roots: roots, Chains: &verify.Chains{}}), nil
}

// A phoneHome is a phone in its folder.
type phoneHome struct {
	phoneNet
	Home     string `default:"phone" env:"PASSMILL_PHONE" placeholder:"DIR" help:"The folder that the phone lives in (default: phone); a new phone is made in an empty one."`
	Language string `default:"en" placeholder:"TAG" help:"The phone's language, such as de or en-GB (default: en)."`
	Zone     string `default:"Local" placeholder:"ZONE" help:"The phone's time zone, such as Europe/Berlin (default: this machine's)."`
}

// open returns the phone, not yet loaded, and what it writes to.
func (h *phoneHome) open(std streams) (*phone.Phone, *screen, error) {
	tag, err := language.Parse(h.Language)
	if err != nil {
		return nil, nil, status{exitUsage, errors.New("--language: write the tag of a language, such as de or en-GB")}
	}
	zone, err := time.LoadLocation(h.Zone)
	if err != nil {
		return nil, nil, status{exitUsage, errors.New("--zone: write the name of a time zone, such as Europe/Berlin")}
	}
	client, err := h.client(4)
	if err != nil {
		return nil, nil, err
	}
	judge, err := h.judge()
	if err != nil {
		return nil, nil, err
	}
	p := &phone.Phone{HTTP: client, Judge: judge, Locale: phone.Locale{Language: tag, Zone: zone}, Now: time.Now}
	s := newScreen(std.out, p)
	p.Tell = s.show
	return p, s, nil
}

// with works with the phone in its folder.
func (h *phoneHome) with(std streams, do func(*phone.Phone, *screen) error) error {
	p, s, err := h.open(std)
	if err != nil {
		return err
	}
	return phone.Home{Dir: h.Home}.With(p, func() error { return do(p, s) })
}

// find returns the pass with a serial number.
func (h *phoneHome) find(p *phone.Phone, serial string) (*phone.Pass, error) {
	if pass := p.Find("", serial); pass != nil {
		return pass, nil
	}
	return nil, fmt.Errorf("the phone in %s holds no pass with this serial number; passmill phone list says which it holds", h.Home)
}

type phoneRefreshCommand struct {
	phoneHome
}

// Run asks for newer versions.
func (c *phoneRefreshCommand) Run(ctx context.Context, std streams) error {
	return c.with(std, func(p *phone.Phone, s *screen) error {
		if len(p.Passes) == 0 {
			return fmt.Errorf("the phone in %s holds no passes; passmill phone add FILE|URL takes one in", c.Home)
		}
		return s.ended(errors.Join(p.Resume(ctx), p.Refresh(ctx)))
	})
}

type phoneRemoveCommand struct {
	phoneHome
	Serial string `arg:"" help:"The pass's serial number."`
}

// Run throws a pass away.
func (c *phoneRemoveCommand) Run(ctx context.Context, std streams) error {
	return c.with(std, func(p *phone.Phone, s *screen) error {
		pass, err := c.find(p, c.Serial)
		if err != nil {
			return err
		}
		err = p.Remove(ctx, pass)
		s.line(markGood, "removed", s.name(pass))
		return s.ended(err)
	})
}

type phoneListCommand struct {
	phoneHome
}

// Run lists passes.
func (c *phoneListCommand) Run(std streams) error {
	return c.with(std, func(p *phone.Phone, s *screen) error {
		if len(p.Passes) == 0 {
			fmt.Fprintln(std.out, "no passes yet; passmill phone add FILE|URL takes one in")
		}
		for _, pass := range p.Passes {
			s.list(pass)
		}
		return nil
	})
}

type phoneShowCommand struct {
	phoneHome
	Serial string `arg:"" help:"The pass's serial number."`
}

// Run shows a pass.
func (c *phoneShowCommand) Run(std streams) error {
	return c.with(std, func(p *phone.Phone, s *screen) error {
		pass, err := c.find(p, c.Serial)
		if err != nil {
			return err
		}
		s.card(pass, phone.Home{Dir: c.Home}.File(pass))
		return nil
	})
}
