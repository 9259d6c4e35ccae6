package keyring

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"passmill/sign"
	"passmill/sign/secret"
)

var noPassword secret.Text

// Errors of imports, for callers that branch; those of [sign.Identity.Check] and
// [sign.Read] come as well.
var (
	// ErrNeverAsked means that no key waits for the certificate, and none came
	// with it.
	ErrNeverAsked = errors.New("made of a signing request that passmill never wrote")
	// ErrOlder means that the registry has a certificate that is valid longer.
	ErrOlder = errors.New("older than the one there is")
	// ErrOtherTeam means that the base name is in the registry with another
	// team.
	ErrOtherTeam = errors.New("another team's certificate")
	// ErrNotPush means that the file holds a certificate of another kind than
	// asked for.
	ErrNotPush = errors.New("not a push certificate for device management")
	// ErrOtherTenant means that the key was made for somebody else.
	ErrOtherTenant = errors.New("asked for by somebody else")
)

// An Import is a file that is to go into the registry, and what to call it.
type Import struct {
	Kind         sign.Kind // what it has to be
	Certificate  sign.File
	Key          sign.File // empty if Certificate holds it, or the registry does
	Intermediate sign.File // empty if passmill carries the right one, or the file does
	Password     secret.Text

	Tenant  string
	Name    string // for a new entry; empty to take that of the request
	Comment string
	Contact string

	Force  bool // also an older one, or another team's
	DryRun bool // look, and keep nothing

	NewTopic bool // also a push certificate of another topic than the owner has
}

// Imported says what an import did, or with DryRun would do.
type Imported struct {
	Action      sign.Action // ActionAdd or ActionRenew; empty if the very certificate signs already
	Entry       sign.Entry  // without an id if it would be made
	Certificate sign.Certificate
	Old         sign.Version // that is renewed; without a certificate if none is
	Waited      bool         // its key was waiting for it
	Notes       []string     // what a person should know
}

// Import takes a certificate in. Nothing is kept unless everything is right: the
// certificate is of the kind, in date, with its key and its intermediate, and it
// renews what it may renew. What is wrong is told at once, as far as one thing can
// be seen without the other.
func (r *Ring) Import(ctx context.Context, i Import) (Imported, error) {
	c, err := r.contents(i)
	if err != nil {
		return Imported{}, err
	}
	leaf, err := c.Leaf()
	if err != nil {
		return Imported{}, err
	}
	if err := rightKind(i.Certificate.Name, leaf, i.Kind); err != nil {
		return Imported{}, err
	}
	a, c, err := r.addition(ctx, i, c, leaf)
	if err != nil {
		return Imported{}, err
	}
	id, err := sign.Join(c, i.Intermediate)
	if err != nil {
		return Imported{}, err
	}
	now := r.now()
	if err := i.check(id, now); err != nil {
		return Imported{}, err
	}
	a.complete(id)
	done, err := r.plan(ctx, i, a)
	if err == nil && a.lost.ID != "" {
		done.Notes = append(done.Notes, foundNote)
		if !i.DryRun {
			err = r.found(ctx, c.Keys()[0], a.lost)
		}
	}
	if err != nil || i.DryRun || done.Action == "" {
		return done, err
	}
	return r.add(ctx, a, c, done)
}

// contents reads what there is to read.
func (r *Ring) contents(i Import) (*sign.Contents, error) {
	c, err := r.read(i.Certificate, i.Password)
	if err != nil || len(i.Key.Data) == 0 {
		return c, err
	}
	keys, err := r.read(i.Key, i.Password)
	if err != nil {
		return nil, err
	}
	return c.With(keys), nil
}

// rightKind refuses certificates of another kind by what they are.
func rightKind(name string, leaf *x509.Certificate, want sign.Kind) error {
	if sign.KindOf(leaf) == want {
		return nil
	}
	need := "a Pass Type ID certificate is needed: in Apple's developer portal, under Certificates, Identifiers & Profiles, " +
		"register a Pass Type ID and create a certificate for it with the request of passmill cert request"
	if want == sign.KindPush {
		return fmt.Errorf("%s: %w: it is %s (%s); one is needed from identity.apple.com/pushcert", name, ErrNotPush, sign.Describe(leaf), leaf.Subject.CommonName)
	}
	if sign.KindOf(leaf) == sign.KindPush {
		need = "to keep a push certificate of device management, say --push; for passes, " + need
	}
	return fmt.Errorf("%s: %w: it is %s (%s); %s", name, sign.ErrNotPass, sign.Describe(leaf), leaf.Subject.CommonName, need)
}

// An addition is what is put together for the ledger.
type addition struct {
	sign.Addition
	waited bool
	lost   sign.Key // that the registry has, and can't be opened any more
}

// addition joins a certificate to its key: the one in the file, or the one in the
// registry.
func (r *Ring) addition(ctx context.Context, i Import, c *sign.Contents, leaf *x509.Certificate) (*addition, *sign.Contents, error) {
	keyID, err := sign.KeyID(leaf.PublicKey)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: a certificate of an unknown kind of key", i.Certificate.Name)
	}
	a := &addition{}
	a.Entry = sign.Entry{
		ID: uuid.NewString(), Kind: i.Kind, Vendor: sign.VendorApple, Name: i.Name, Tenant: i.Tenant, Comment: i.Comment, Contact: i.Contact, Enabled: true,
	}
	k, err := r.Store.Key(ctx, keyID)
	switch {
	case errors.Is(err, sign.ErrNoEntry) && len(c.Keys()) == 0:
		return nil, nil, neverAsked(i.Certificate.Name, keyID)
	case errors.Is(err, sign.ErrNoEntry):
		a.Key = sign.Key{ID: keyID, Kind: i.Kind, Tenant: i.Tenant, Name: i.Name, Contact: i.Contact, Created: r.now(), CreatedBy: r.Actor}
		return a, c, nil
	case err != nil:
		return nil, nil, err
	}
	if a.waited, err = r.waits(ctx, k); err != nil {
		return nil, nil, err
	}
	if a.waited {
		if err := a.take(i, k); err != nil {
			return nil, nil, err
		}
	}
	a.Key = sign.Key{ID: k.ID, Algorithm: k.Algorithm}
	if len(c.Keys()) > 0 { // a wrong one among them is seen when they are joined
		lost, err := r.Lost(ctx, k)
		if lost {
			a.lost = k
		}
		return a, c, err
	}
	if i.Tenant != "" && i.Tenant != k.Tenant {
		return nil, nil, fmt.Errorf("%s: %w: its key belongs to %s", i.Certificate.Name, ErrOtherTenant, whose(k.Tenant))
	}
	a.Entry.Tenant = k.Tenant // also if its request was used again
	key, err := r.open(ctx, k)
	if err != nil {
		return nil, nil, err
	}
	return a, c.WithKey(key), nil
}

func neverAsked(name, keyID string) error {
	return fmt.Errorf("%s: %w, and holds no key (public key %s…): if the request was made on a Mac, export the certificate with its key "+
		"from Keychain Access as .p12 and import that; else write a request with passmill cert request, "+
		"upload it in Apple's developer portal, and import the certificate that comes of it", name, ErrNeverAsked, keyID[:12])
}

func whose(tenant string) string {
	if tenant == "" {
		return "the account"
	}
	return fmt.Sprintf("tenant %q", tenant)
}

// waits reports whether a key has no certificate yet.
func (r *Ring) waits(ctx context.Context, k sign.Key) (bool, error) {
	keys, err := r.Store.WaitingKeys(ctx)
	for _, w := range keys {
		if w.ID == k.ID {
			return true, err
		}
	}
	return false, err
}

// take gives the entry what was said when its key was made.
func (a *addition) take(i Import, k sign.Key) error {
	if i.Tenant != "" && i.Tenant != k.Tenant {
		return fmt.Errorf("%s: %w: its key was made for %s, not for %s", i.Certificate.Name, ErrOtherTenant, whose(k.Tenant), whose(i.Tenant))
	}
	a.Entry.Tenant = k.Tenant
	if a.Entry.Name == "" {
		a.Entry.Name = k.Name
	}
	if a.Entry.Contact == "" {
		a.Entry.Contact = k.Contact
	}
	return nil
}

// complete adds what the certificate says.
func (a *addition) complete(id *sign.Identity) {
	a.Certificate = id.Certificate()
	a.Entry.BaseName, a.Entry.TeamID, a.Entry.NFC = a.Certificate.TypeID, a.Certificate.TeamID, a.Certificate.NFC
	a.Intermediate = id.ForeignIntermediate()
}

// add keeps it.
func (r *Ring) add(ctx context.Context, a *addition, c *sign.Contents, done Imported) (Imported, error) {
	event := r.Event(done.Action)
	event.Detail = fmt.Sprintf("%s, team %s%s, valid until %s", a.Entry.BaseName, a.Entry.TeamID, ofTenant(a.Entry.Tenant), day(a.Certificate.NotAfter))
	keep := func(k sign.Key) (err error) {
		a.Key = k
		done.Entry, err = r.Store.AddVersion(ctx, a.Addition, event)
		return err
	}
	if a.Key.Created.IsZero() { // the ledger has it
		return done, keep(a.Key)
	}
	a.Key.BaseName, a.Key.Algorithm = a.Entry.BaseName, sign.Algorithm(c.Keys()[0].Public())
	return done, r.sealed(ctx, c.Keys()[0], a.Key, keep)
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }
