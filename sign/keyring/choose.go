package keyring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"passmill/sign"
)

// A Choice says which certificate is wanted: by name, by base name, or the
// default.
type Choice struct {
	Kind     sign.Kind
	Tenant   string // empty for the account
	Name     string // of the entry, or the beginning of its id
	BaseName string
	TeamID   string // narrows BaseName; may be empty
}

// Errors of choices, for callers that branch.
var (
	// ErrNone means that the registry has nothing that fits.
	ErrNone = errors.New("no certificate")
	// ErrAmbiguous means that more than one fits.
	ErrAmbiguous = errors.New("more than one certificate")
	// ErrDisabled means that what fits was disabled.
	ErrDisabled = errors.New("certificate is disabled")
)

// Chosen is a certificate of the registry, ready to sign.
type Chosen struct {
	Identity *sign.Identity
	Entry    sign.Entry
	Version  sign.Version
	Fallback bool // the account's, since the tenant has none that fits
}

// String says which one it is, for people.
func (c Chosen) String() string {
	text := fmt.Sprintf("certificate %q (%s, team %s)", c.Entry.Title(), c.Entry.BaseName, c.Entry.TeamID)
	switch {
	case c.Entry.Tenant != "":
		return text + fmt.Sprintf(" of tenant %q", c.Entry.Tenant)
	case c.Fallback:
		return text + " of the account, since the tenant has none of its own"
	}
	return text
}

// Identity returns the certificate that is wanted, opened. Whether it is fit to
// sign is for [sign.Identity.Check] to say. A tenant gets its own, else the
// account's, and never another tenant's.
func (r *Ring) Identity(ctx context.Context, c Choice) (Chosen, error) {
	entries, err := r.Store.Entries(ctx)
	if err != nil {
		return Chosen{}, err
	}
	e, err := c.choose(entries)
	if err != nil {
		return Chosen{}, err
	}
	versions, err := r.Store.Versions(ctx, e.ID)
	if err != nil {
		return Chosen{}, err
	}
	if len(versions) == 0 {
		return Chosen{}, fmt.Errorf("%s: %w: it was removed meanwhile", e.Title(), ErrNone)
	}
	v := versions[0]
	id, err := r.identity(ctx, e, v)
	return Chosen{Identity: id, Entry: e, Version: v, Fallback: c.Tenant != "" && e.Tenant == ""}, err
}

// identity opens the certificate of a version.
func (r *Ring) identity(ctx context.Context, e sign.Entry, v sign.Version) (*sign.Identity, error) {
	k, err := r.Store.Key(ctx, v.KeyID)
	if err != nil {
		return nil, err
	}
	key, err := r.open(ctx, k)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("certificate %q of the registry", e.Title())
	c, err := sign.Read(sign.File{Name: name, Data: v.Certificate.DER}, noPassword)
	if err != nil {
		return nil, err
	}
	return sign.Join(c.WithKey(key), intermediate(v.Intermediate))
}

// intermediate is a stored intermediate certificate as a file.
func intermediate(der []byte) sign.File {
	if len(der) == 0 {
		return sign.File{}
	}
	return sign.File{Name: "intermediate certificate of the registry", Data: der}
}

// choose returns the one entry that is wanted.
func (c Choice) choose(entries []sign.Entry) (sign.Entry, error) {
	scopes := []string{c.Tenant}
	if c.Tenant != "" {
		scopes = append(scopes, "")
	}
	for _, tenant := range scopes {
		found := slices.DeleteFunc(slices.Clone(entries), func(e sign.Entry) bool {
			return e.Kind != c.Kind || e.Tenant != tenant || !c.fits(e)
		})
		enabled := slices.DeleteFunc(slices.Clone(found), func(e sign.Entry) bool { return !e.Enabled })
		switch {
		case len(enabled) == 1:
			return enabled[0], nil
		case len(enabled) == 0 && len(found) > 0: // what was switched off is not replaced by the account's in silence
			return sign.Entry{}, fmt.Errorf("%w: %s; passmill cert enable lets it sign again", ErrDisabled, c)
		}
		if len(enabled) > 1 {
			if i := slices.IndexFunc(enabled, func(e sign.Entry) bool { return e.Default }); i >= 0 && c.Name == "" {
				return enabled[i], nil
			}
			return sign.Entry{}, fmt.Errorf("%w: %s is the name of %d; name one by the beginning of its id, which passmill cert list shows", ErrAmbiguous, c, len(enabled))
		}
	}
	return sign.Entry{}, fmt.Errorf("%w: the registry has %s; passmill cert list shows what is there, and passmill cert request begins a new one", ErrNone, c.lacking())
}

// fits reports whether an entry is what is wanted, whoever owns it.
func (c Choice) fits(e sign.Entry) bool {
	switch {
	case c.Name != "":
		return Named(e, c.Name)
	case c.BaseName != "":
		return e.BaseName == c.BaseName && (c.TeamID == "" || e.TeamID == c.TeamID)
	}
	return e.Default
}

// Named reports whether a person means the entry by a text: its name, its base
// name, its id, or at least four characters of the beginning of that.
func Named(e sign.Entry, text string) bool {
	return strings.EqualFold(e.Name, text) || e.BaseName == text || e.ID == text || len(text) >= 4 && strings.HasPrefix(e.ID, text)
}

// String says what is wanted.
func (c Choice) String() string {
	switch {
	case c.Name != "":
		return fmt.Sprintf("%q", c.Name)
	case c.BaseName != "":
		return c.BaseName
	}
	return "the default"
}

func (c Choice) lacking() string {
	whose := ""
	if c.Tenant != "" {
		whose = fmt.Sprintf(", neither of tenant %q nor of the account", c.Tenant)
	}
	switch {
	case c.Name != "":
		return fmt.Sprintf("none of the name %q%s", c.Name, whose)
	case c.BaseName != "":
		team := ""
		if c.TeamID != "" {
			team = " of team " + c.TeamID
		}
		return fmt.Sprintf("none for %s%s%s", c.BaseName, team, whose)
	}
	return "no default" + whose
}
