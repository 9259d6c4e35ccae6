package keyring_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"passmill/sign"
	"passmill/sign/keyring"
	"passmill/sign/secret"
	"passmill/sign/signtest"
)

const pretend = "pass.com.example.pretend"

// requested is a key that waits, and its certificate as the portal would make it
// of the request.
func requested(t testing.TB, r *keyring.Ring, q keyring.Request, o signtest.Options) (sign.Key, keyring.Import) {
	t.Helper()
	q.Kind, q.Email, q.EC = sign.KindPass, "wallet@example.com", true
	k, _, err := r.Request(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	csr := must(x509.ParseCertificateRequest(k.CSR))
	if err := csr.CheckSignature(); err != nil {
		t.Fatal(err)
	}
	o.Key = publicOnly{csr.PublicKey}
	issued := issue(t, o)
	return k, keyring.Import{
		Kind: sign.KindPass, Certificate: sign.File{Name: "pass.cer", Data: issued.Certificate.Raw},
		Intermediate: sign.File{Name: "wwdr.pem", Data: signtest.Shared().IntermediatePEM()},
	}
}

// publicOnly is a key of which an authority sees the public half.
type publicOnly struct{ crypto.PublicKey }

func (p publicOnly) Public() crypto.PublicKey { return p.PublicKey }
func (publicOnly) Sign(_ io.Reader, _ []byte, _ crypto.SignerOpts) ([]byte, error) {
	panic("an authority has no private key of a customer")
}

// TestRequestAndImport: a key is made and sealed, its certificate comes, and signs.
func TestRequestAndImport(t *testing.T) {
	r := ring(t)
	k, i := requested(t, r, keyring.Request{BaseName: pretend, Name: "Members"}, signtest.Options{})
	again, waits, err := r.Request(t.Context(), keyring.Request{Kind: sign.KindPass, BaseName: pretend, Email: "a@example.com", EC: true})
	if err != nil || !waits || again.ID != k.ID {
		t.Errorf("asked again: %v, %v, %v; want the key that waits", again.ID, waits, err)
	}
	dry := i
	dry.DryRun = true
	if done := imported(t, r, dry); done.Action != sign.ActionAdd || !done.Waited || done.Entry.Name != "Members" {
		t.Errorf("a dry run says %+v", done)
	}
	nothing(t, r, 0, 1)
	done := imported(t, r, i)
	if done.Action != sign.ActionAdd || !done.Entry.Default || done.Entry.Contact != "wallet@example.com" || done.Entry.Name != "Members" {
		t.Errorf("imported as %+v", done.Entry)
	}
	nothing(t, r, 1, 0)
	chosen, err := r.Identity(t.Context(), keyring.Choice{Kind: sign.KindPass})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if err := chosen.Identity.Check(now, now.Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if _, err := chosen.Identity.Sign(t.Context(), [][]byte{[]byte("{}")}); err != nil {
		t.Error(err)
	}
	if done := imported(t, r, i); done.Action != "" {
		t.Errorf("imported twice: %s", done.Action)
	}
}

func TestRequestsThatAppleWouldRefuse(t *testing.T) {
	r := ring(t)
	for _, q := range []keyring.Request{
		{BaseName: "com.example", Email: "a@example.com"}, {BaseName: "pass.", Email: "a@example.com"}, {BaseName: "pass.ä", Email: "a@example.com"},
		{BaseName: "pass.a..b", Email: "a@example.com"}, {BaseName: "pass.a/../b", Email: "a@example.com"}, {BaseName: "pass." + strings.Repeat("a", 200), Email: "a@example.com"},
		{BaseName: "pass.a", Email: ""}, {BaseName: "pass.a", Email: "Ada <a@example.com>"}, {BaseName: "pass.a", Email: "example.com"},
	} {
		q.Kind = sign.KindPass
		if _, _, err := r.Request(t.Context(), q); err == nil {
			t.Errorf("%+v is taken", q)
		}
	}
	nothing(t, r, 0, 0)
}

// TestWrongImports: each wrong file has a message of its own that says what it is
// and what to do, and nothing is kept.
func TestWrongImports(t *testing.T) {
	with := func(change func(*keyring.Import)) func(t *testing.T) keyring.Import {
		return func(t *testing.T) keyring.Import {
			i := pass(t, signtest.Options{})
			change(&i)
			return i
		}
	}
	of := func(o signtest.Options) func(t *testing.T) keyring.Import {
		return func(t *testing.T) keyring.Import { return pass(t, o) }
	}
	marker := func(arc ...int) *[]asn1.ObjectIdentifier {
		return &[]asn1.ObjectIdentifier{append(asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6}, arc...)}
	}
	pem := func(parts ...[]byte) func(t *testing.T) keyring.Import {
		return with(func(i *keyring.Import) { i.Certificate = sign.File{Name: "pass.pem", Data: slices.Concat(parts...)} })
	}
	good := issue(t, signtest.Options{})
	key := must(good.KeyPEM())
	for name, tt := range map[string]struct {
		file func(t *testing.T) keyring.Import
		is   error
		want string
	}{
		"wrong password":      {with(func(i *keyring.Import) { i.Password = secret.New("hunter2") }), sign.ErrPassword, "pass.p12: wrong password: give the one that was typed"},
		"no password":         {with(func(i *keyring.Import) { i.Password = secret.Text{} }), sign.ErrPassword, "pass.p12: wrong password"},
		"damaged":             {with(func(i *keyring.Import) { i.Certificate.Data = i.Certificate.Data[:len(i.Certificate.Data)-9] }), nil, "is damaged: export it again"},
		"text":                {with(func(i *keyring.Import) { i.Certificate.Data = []byte("hello") }), nil, "is not a certificate, a key or a PKCS #12 file"},
		"empty":               {with(func(i *keyring.Import) { i.Certificate.Data = nil }), nil, "pass.p12 is empty"},
		"no key":              {pem(good.PEM()), keyring.ErrNeverAsked, "export the certificate with its key from Keychain Access as .p12"},
		"never asked for":     {with(func(i *keyring.Import) { i.Certificate = sign.File{Name: "pass.cer", Data: good.Certificate.Raw} }), keyring.ErrNeverAsked, "write a request with passmill cert request"},
		"two keys":            {pem(good.PEM(), key, key), nil, "holds 2 private keys: export the one certificate with its key"},
		"chain without leaf":  {pem(signtest.Shared().IntermediatePEM(), signtest.Shared().RootPEM()), sign.ErrNoLeaf, "download the Pass Type ID certificate itself"},
		"chain with a key":    {pem(signtest.Shared().IntermediatePEM(), key), sign.ErrNoLeaf, "is an authority's certificate"},
		"key alone":           {pem(key), nil, "holds no certificate"},
		"request":             {with(func(i *keyring.Import) { i.Certificate.Data = must(csrOf(t)) }), nil, "a certificate signing request: give the certificate that Apple made of it"},
		"expired":             {of(signtest.Options{NotBefore: days(-400), NotAfter: days(-1)}), sign.ErrExpired, "renew it in Apple's developer portal"},
		"not yet valid":       {of(signtest.Options{NotBefore: days(2)}), sign.ErrNotYetValid, "set the clock, or wait"},
		"not Apple's":         {of(signtest.Options{NoMarker: true, NoUsage: true, CommonName: "x", Markers: new([]asn1.ObjectIdentifier)}), sign.ErrNotPass, "it is not a certificate of Apple's (x); a Pass Type ID certificate is needed"},
		"push":                {of(signtest.Options{NoMarker: true, NoUsage: true, CommonName: "Apple Push Services: com.example"}), sign.ErrNotPass, "it is a push certificate of an app"},
		"management push":     {of(signtest.Options{NoMarker: true, NoUsage: true, CommonName: "APSP:1"}), sign.ErrNotPass, "it is a push certificate for device management"},
		"development":         {of(signtest.Options{NoMarker: true, NoUsage: true, CommonName: "Apple Development: Ada", Markers: marker(1, 2)}), sign.ErrNotPass, "it is a development certificate"},
		"distribution":        {of(signtest.Options{NoMarker: true, NoUsage: true, CommonName: "Apple Distribution: Ada", Markers: marker(1, 4)}), sign.ErrNotPass, "it is a distribution certificate"},
		"marker of another":   {of(signtest.Options{Marker: "pass.com.other"}), sign.ErrMarker, "phones refuse its passes"},
		"no pass type":        {of(signtest.Options{NoTypeID: true}), sign.ErrTypeID, "names no pass type"},
		"no team":             {of(signtest.Options{NoTeamID: true}), sign.ErrTeamID, "names no team"},
		"no intermediate":     {of(signtest.Options{OtherIntermediate: true}), sign.ErrNoIntermediate, "download that intermediate from"},
		"forged":              {of(signtest.Options{Forged: true}), sign.ErrWrongIntermediate, "is not signed by it"},
		"another key":         {pem(good.PEM(), must(issue(t, signtest.Options{}).KeyPEM())), sign.ErrKeyMismatch, "use the key that the certificate was requested with"},
		"authority as itself": {pem(signtest.Shared().RootPEM()), sign.ErrNoLeaf, "authority's certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			r := ring(t)
			_, err := r.Import(t.Context(), tt.file(t))
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v; want %v, with %q in it", err, tt.is, tt.want)
			}
			if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "secret")) {
				t.Errorf("the message shows a password: %v", err)
			}
			nothing(t, r, 0, 0)
			if events, err := r.Store.Events(t.Context(), sign.EventFilter{}); err != nil || len(events) != 0 {
				t.Errorf("audit: %v, %v", events, err)
			}
		})
	}
}

func csrOf(t testing.TB) ([]byte, error) {
	k, _, err := ring(t).Request(t.Context(), keyring.Request{Kind: sign.KindPass, BaseName: pretend, Email: "a@example.com", EC: true})
	return k.CSR, err
}

// TestWrongRenewals: what does not fit to what is there is refused, and leaves it.
func TestWrongRenewals(t *testing.T) {
	r := ring(t)
	imported(t, r, pass(t, signtest.Options{}))
	_, other := requested(t, r, keyring.Request{BaseName: "pass.com.example.other"}, signtest.Options{})
	for name, tt := range map[string]struct {
		i    keyring.Import
		is   error
		want string
	}{
		"another team's":    {pass(t, signtest.Options{TeamID: "OTHERTEAM1"}), keyring.ErrOtherTeam, "is in the registry with team PRETEND123, and this certificate is of team OTHERTEAM1"},
		"older":             {pass(t, signtest.Options{NotAfter: days(100)}), keyring.ErrOlder, "say --force"},
		"another pass type": {other, sign.ErrTypeID, "the certificate is for pass.com.example.pretend, and its key was made for pass.com.example.other"},
	} {
		if _, err := r.Import(t.Context(), tt.i); !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want %q in it", name, err, tt.want)
		}
		nothing(t, r, 1, 1)
	}
	forced := pass(t, signtest.Options{NotAfter: days(100)})
	forced.Force = true
	if done := imported(t, r, forced); done.Action != sign.ActionRenew {
		t.Errorf("forced: %s", done.Action)
	}
}

// TestRenewalKeepsTheOld: the new certificate signs, the old one is kept, and a
// request that is used again renews with the same key.
func TestRenewalKeepsTheOld(t *testing.T) {
	r := ring(t)
	k, first := requested(t, r, keyring.Request{BaseName: pretend}, signtest.Options{})
	imported(t, r, first)
	csr := must(x509.ParseCertificateRequest(k.CSR))
	second := first
	renewed := issue(t, signtest.Options{Key: publicOnly{csr.PublicKey}, NotAfter: days(500)})
	second.Certificate.Data = renewed.Certificate.Raw
	done := imported(t, r, second)
	if done.Action != sign.ActionRenew || done.Waited || bytes.Equal(done.Old.Certificate.DER, renewed.Certificate.Raw) {
		t.Errorf("renewed as %+v", done)
	}
	chosen, err := r.Identity(t.Context(), keyring.Choice{Kind: sign.KindPass, BaseName: pretend})
	if err != nil || !bytes.Equal(chosen.Version.Certificate.DER, renewed.Certificate.Raw) {
		t.Errorf("signs with %v, %v", chosen, err)
	}
	versions, err := r.Store.Versions(t.Context(), done.Entry.ID)
	if err != nil || len(versions) != 2 {
		t.Errorf("%d versions, %v", len(versions), err)
	}
	tk, tenant := requested(t, r, keyring.Request{BaseName: pretend, Tenant: "talwind"}, signtest.Options{})
	imported(t, r, tenant)
	again := issue(t, signtest.Options{Key: publicOnly{must(x509.ParseCertificateRequest(tk.CSR)).PublicKey}, NotAfter: days(500)})
	tenant.Certificate.Data = again.Certificate.Raw
	if done := imported(t, r, tenant); done.Action != sign.ActionRenew || done.Entry.Tenant != "talwind" {
		t.Errorf("a tenant's request that was used again: %+v", done)
	}
	tenant.Tenant = "other"
	if _, err := r.Import(t.Context(), tenant); !errors.Is(err, keyring.ErrOtherTenant) {
		t.Errorf("for another tenant: %v", err)
	}
	nfc := pass(t, signtest.Options{NFC: true, NotAfter: days(600)})
	if done := imported(t, r, nfc); !done.Entry.NFC || len(done.Notes) != 0 {
		t.Errorf("renewed for NFC: %+v", done)
	}
	if done := imported(t, r, pass(t, signtest.Options{NotAfter: days(700)})); len(done.Notes) != 1 || !strings.Contains(done.Notes[0], "NFC") {
		t.Errorf("renewed without NFC: %q", done.Notes)
	}
}
