package jobs

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/goccy/go-yaml"
)

// A LinkKind says what the links to the passes of a job are.
type LinkKind string

// The kinds of links.
const (
	LinkPlain  LinkKind = "plain"  // opens a pass that the ledger has
	LinkSealed LinkKind = "sealed" // carries its row, of which the ledger has nothing until it is opened
)

// A LinksSpec says what the links to the passes of a job are; there are none if it
// is empty.
type LinksSpec struct {
	Kind    LinkKind `yaml:"kind"`    // plain (the default) | sealed
	Expires Days     `yaml:"expires"` // how long a link opens after it was given out: 30d; without end if absent
	Uses    int      `yaml:"uses"`    // to how many devices a link gives its pass; to any number if absent
	Android bool     `yaml:"android"` // phones without Wallet are shown the barcode
	Longest int      `yaml:"longest"` // characters of a sealed link; a row that needs more gets a plain one. 1900 if absent
}

// DefaultLongestLink is how many characters links may have of jobs that say nothing:
// what browsers, mail programs and QR codes take.
const DefaultLongestLink = 1900

// LongestLink returns how many characters a link may have.
func (l LinksSpec) LongestLink() int {
	if l.Longest == 0 {
		return DefaultLongestLink
	}
	return l.Longest
}

// UnmarshalYAML implements [yaml.InterfaceUnmarshaler]: a bare word is a kind, true
// means plain, and false none.
func (l *LinksSpec) UnmarshalYAML(unmarshal func(any) error) error {
	var word string
	if err := unmarshal(&word); err == nil {
		switch word {
		case "true", "TRUE", "True", "yes", "Yes", "YES":
			word = string(LinkPlain)
		case "false", "FALSE", "False", "no", "No", "NO":
			word = ""
		}
		l.Kind = LinkKind(word)
		return nil
	}
	type plain LinksSpec // without this method
	if err := unmarshal((*plain)(l)); err != nil {
		return err
	}
	return nil
}

var _ yaml.InterfaceUnmarshaler = (*LinksSpec)(nil)

// complete fills in what the keys say together.
func (l *LinksSpec) complete() {
	if l.Kind == "" && *l != (LinksSpec{}) {
		l.Kind = LinkPlain
	}
}

// Bounds of the longest link: a row of nothing fits into the first, and no browser
// that is used takes more than the last.
const (
	minLongestLink = 200
	maxLongestLink = 8000
)

func (l LinksSpec) validate() (errs []error) {
	if l.Kind != "" && l.Kind != LinkPlain && l.Kind != LinkSealed {
		errs = append(errs, fmt.Errorf("links: kind: %q is no kind of links; write true, plain or sealed", string(l.Kind)))
	}
	if _, err := l.Expires.Duration(); err != nil {
		errs = append(errs, fmt.Errorf("links: expires: %w", err))
	}
	if l.Uses < 0 {
		errs = append(errs, errors.New("links: uses: is below zero; write how many devices may take the pass, or leave it out"))
	}
	if l.Longest != 0 && (l.Longest < minLongestLink || l.Longest > maxLongestLink) {
		errs = append(errs, fmt.Errorf("links: longest: is %d; write between %d and %d characters", l.Longest, minLongestLink, maxLongestLink))
	}
	return errs
}

// Days is a while in days, as people write it: "30d".
type Days string

var days = regexp.MustCompile(`^([1-9][0-9]{0,3}) ?d(ays?)?$`)

// Duration returns how long that is; 0 if nothing is said.
func (d Days) Duration() (time.Duration, error) {
	if d == "" {
		return 0, nil
	}
	m := days.FindStringSubmatch(string(d))
	if m == nil {
		return 0, fmt.Errorf("%q is no number of days; write it as 30d", string(d))
	}
	n, _ := strconv.Atoi(m[1]) // four digits at most
	return time.Duration(n) * 24 * time.Hour, nil
}
