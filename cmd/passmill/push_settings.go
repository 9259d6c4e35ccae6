package main

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"passmill/output/apns"
)

// usualPace is how many pushes a second there are if nobody says: each makes a phone
// ask for its passes.
const usualPace = 200

// PushSettings are what passmill.yaml says under pushes.
type pushSettings struct {
	Pace   float64           `yaml:"pace"`   // pushes a second, at most; 200 if absent
	Server string            `yaml:"server"` // https://host:port of another server than Apple's, such as passmill pretend-apns
	CA     string            `yaml:"ca"`     // file with the certificate of the authority that vouches for that server
	Token  pushTokenSettings `yaml:"token"`  // pushes with a key in the place of certificates
}

// PushTokenSettings name a key of Apple's that pushes for all pass types of a team.
type pushTokenSettings struct {
	Key    string `yaml:"key"`    // the .p8 file
	KeyID  string `yaml:"keyId"`  // ten characters, as Apple shows it beside the key
	TeamID string `yaml:"teamId"` // ten characters
}

// pushOptions returns what the clients of all pass types have in common. Everything
// that is wrong with the settings is told at once.
func (w workspace) pushOptions() (o apns.Options, pace float64, err error) {
	set, err := w.settings()
	if err != nil {
		return o, 0, err
	}
	p := set.Pushes
	var errs []error
	if p.Pace != 0 && p.Pace < 1 {
		errs = append(errs, errors.New("pace: is less than one push a second; write a number from 1 on, or leave it out for 200"))
	}
	o.Server = cmp.Or(p.Server, apns.Server)
	if o.Roots, err = w.pushRoots(p); err != nil {
		errs = append(errs, err)
	}
	if o.Tokens, err = w.pushTokens(p.Token); err != nil {
		errs = append(errs, err)
	}
	if err := apns.CheckServer(o.Server); err != nil {
		errs = append(errs, fmt.Errorf("server: %w", err))
	}
	if err := errors.Join(errs...); err != nil {
		return o, 0, fmt.Errorf("%s: pushes: %s", settingsFile, strings.ReplaceAll(err.Error(), "\n", "\n"+settingsFile+": pushes: "))
	}
	return o, cmp.Or(p.Pace, usualPace), nil
}

// pushRoots returns who vouches for the server; nil for the system's authorities.
func (w workspace) pushRoots(p pushSettings) (*x509.CertPool, error) {
	if p.CA == "" {
		return nil, nil
	}
	if p.Server == "" {
		return nil, errors.New("ca: is there and no server:; Apple's server needs none")
	}
	text, err := os.ReadFile(w.path(p.CA))
	if err != nil {
		return nil, fmt.Errorf("ca: %w", noFile(p.CA, err))
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("ca: there is no certificate in %s; it begins with -----BEGIN CERTIFICATE-----", p.CA)
	}
	return roots, nil
}

// pushTokens returns what makes provider tokens; nil if certificates push.
func (w workspace) pushTokens(t pushTokenSettings) (*apns.Tokens, error) {
	if t == (pushTokenSettings{}) {
		return nil, nil
	}
	var errs []error
	for name, value := range map[string]string{"keyId": t.KeyID, "teamId": t.TeamID} {
		if len(value) != 10 {
			errs = append(errs, fmt.Errorf("token: %s: is %q; Apple's have ten characters", name, value))
		}
	}
	if t.Key == "" {
		return nil, errors.Join(append(errs, errors.New("token: key: is missing; name the .p8 file of the key"))...)
	}
	text, err := os.ReadFile(w.path(t.Key))
	if err != nil {
		return nil, errors.Join(append(errs, fmt.Errorf("token: key: %w", noFile(t.Key, err)))...)
	}
	key, err := apns.ParseKey(text)
	if err != nil {
		errs = append(errs, fmt.Errorf("token: key: %s %w", t.Key, err))
	}
	return &apns.Tokens{Key: key, KeyID: t.KeyID, TeamID: t.TeamID}, errors.Join(errs...)
}
