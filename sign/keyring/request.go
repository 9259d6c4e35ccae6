package keyring

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"

	"passmill/sign"
)

// A Request says what certificate is wanted.
type Request struct {
	Kind     sign.Kind
	BaseName string // pass type identifier; empty for pushes, whose topic comes with the certificate
	Email    string // contact, and what the signing request names
	Tenant   string
	Name     string // for people; may be empty
	EC       bool   // an EC key instead of RSA
	New      bool   // a new key even if one waits already
	NewTopic bool   // pushes: also under another Apple ID than the owner's certificate has
}

const (
	algorithmRSA = "RSA 2048"
	algorithmEC  = "EC P-256"
)

var oidEmail = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}

// Request makes a key, seals it, and returns it with its signing request. If a
// key waits for the same certificate already, that one is returned, and waits is
// true: a request can be shown again.
func (r *Ring) Request(ctx context.Context, q Request) (k sign.Key, waits bool, err error) {
	if err := q.check(); err != nil {
		return sign.Key{}, false, err
	}
	if err := r.checkAppleID(ctx, q); err != nil {
		return sign.Key{}, false, err
	}
	if !q.New {
		if k, err := r.waiting(ctx, q); err != nil || k.ID != "" {
			return k, true, err
		}
	}
	key, err := q.generate()
	if err != nil {
		return sign.Key{}, false, fmt.Errorf("make a key: %w", err)
	}
	k = sign.Key{
		Kind: q.Kind, BaseName: q.BaseName, Tenant: q.Tenant, Name: q.Name, Contact: q.Email, Algorithm: q.algorithm(),
		Created: r.now(), CreatedBy: r.Actor,
	}
	if k.ID, err = sign.KeyID(key.Public()); err != nil {
		return sign.Key{}, false, err
	}
	if k.CSR, err = q.csr(key); err != nil {
		return sign.Key{}, false, fmt.Errorf("write a signing request: %w", err)
	}
	err = r.sealed(ctx, key, k, func(sealed sign.Key) error {
		event := r.Event(sign.ActionRequest)
		event.Detail = fmt.Sprintf("%s key %s for %s%s", k.Algorithm, k.ID[:12], Purpose(k), ofTenant(k.Tenant))
		k = sealed
		return r.Store.AddKey(ctx, sealed, event)
	})
	return k, false, err
}

// check refuses what Apple would refuse later.
func (q Request) check() error {
	var errs []error
	if q.Kind == sign.KindPass {
		errs = append(errs, CheckTypeID(q.BaseName))
	}
	if a, err := mail.ParseAddress(q.Email); err != nil || a.Address != q.Email {
		errs = append(errs, errors.New("the e-mail address must be a bare one, like wallet@example.com: it is warned before the certificate expires"))
	}
	return errors.Join(errs...)
}

// CheckTypeID refuses what is no pass type identifier.
func CheckTypeID(id string) error {
	bad := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-')
	}
	if !strings.HasPrefix(id, "pass.") || len(id) < 6 || len(id) > 200 || strings.ContainsFunc(id, bad) || strings.Contains(id, "..") || strings.HasSuffix(id, ".") {
		return fmt.Errorf("%q is no pass type identifier: it is written like pass.com.example.member, with letters, digits, - and full stops", id)
	}
	return nil
}

func (q Request) algorithm() string {
	if q.EC {
		return algorithmEC
	}
	return algorithmRSA
}

func (q Request) generate() (crypto.Signer, error) {
	if q.EC {
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return rsa.GenerateKey(rand.Reader, 2048)
}

// csr returns a signing request. Apple takes the key out of it and writes the
// names itself.
func (q Request) csr(key crypto.Signer) ([]byte, error) {
	name := q.BaseName
	if name == "" {
		name = "passmill"
	}
	t := &x509.CertificateRequest{Subject: pkix.Name{
		CommonName: name,
		ExtraNames: []pkix.AttributeTypeAndValue{{Type: oidEmail, Value: asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte(q.Email)}}},
	}}
	return x509.CreateCertificateRequest(rand.Reader, t, key)
}

// waiting returns the newest key that waits for the very certificate; one
// without an id if none does. A certificate for one that is lost could not sign.
func (r *Ring) waiting(ctx context.Context, q Request) (sign.Key, error) {
	keys, err := r.Store.WaitingKeys(ctx)
	if err != nil {
		return sign.Key{}, err
	}
	for _, k := range slices.Backward(keys) {
		same := k.Kind == q.Kind && k.BaseName == q.BaseName && k.Tenant == q.Tenant && k.Algorithm == q.algorithm()
		if !same || k.Kind == sign.KindPush && !strings.EqualFold(k.Contact, q.Email) {
			continue
		}
		if lost, err := r.Lost(ctx, k); err != nil || !lost {
			return k, err
		}
	}
	return sign.Key{}, nil
}

// ofTenant says in a message whose something is.
func ofTenant(tenant string) string {
	if tenant == "" {
		return ""
	}
	return fmt.Sprintf(" of tenant %q", tenant)
}
