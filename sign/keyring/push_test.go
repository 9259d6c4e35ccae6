package keyring_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"passmill/sign"
	"passmill/sign/keyring"
	"passmill/sign/signtest"
)

const firstTopic, otherTopic = signtest.PushTopic, "com.apple.mgmt.External.11111111-0000-0000-0000-000000000000"

// asked asks for a push certificate and lets the pretend portal make it.
func asked(t *testing.T, r *keyring.Ring, tenant, topic string, newTopic bool) sign.File {
	t.Helper()
	k, _, err := r.Request(t.Context(), keyring.Request{Kind: sign.KindPush, Email: "it@example.com", Tenant: tenant, NewTopic: newTopic})
	if err != nil {
		t.Fatal(err)
	}
	until := time.Now().Add(364*24*time.Hour + time.Duration(len(must(r.Store.Versions(t.Context(), ""))))*time.Hour)
	cert, err := signtest.Shared().IssueFor(k.CSR, signtest.Options{Push: true, TypeID: topic, NotAfter: until})
	if err != nil {
		t.Fatal(err)
	}
	return sign.File{Name: "push.pem", Data: cert.Raw}
}

// TestPush: a push certificate is kept as its own kind, renewed under its topic, and
// a tenant without one uses the account's.
func TestPush(t *testing.T) {
	r := ring(t)
	take := func(tenant, topic string, newTopic bool) (keyring.Imported, error) {
		return r.Import(t.Context(), keyring.Import{Kind: sign.KindPush, Certificate: asked(t, r, tenant, topic, newTopic), Tenant: tenant, NewTopic: newTopic})
	}
	first, err := take("", firstTopic, false)
	if err != nil || first.Action != sign.ActionAdd || !first.Waited || first.Entry.BaseName != firstTopic || first.Entry.Contact != "it@example.com" || !first.Entry.Default {
		t.Fatalf("first: %+v, %v", first, err)
	}
	chosen, err := r.Identity(t.Context(), keyring.Choice{Kind: sign.KindPush, Tenant: "talwind"})
	if err != nil || !chosen.Fallback || chosen.Entry.ID != first.Entry.ID || chosen.Identity.CheckPush(time.Now()) != nil {
		t.Errorf("of a tenant without one: %v, %v", chosen, err)
	}
	if _, err := r.Identity(t.Context(), keyring.Choice{Kind: sign.KindPass}); !errors.Is(err, keyring.ErrNone) {
		t.Errorf("for passes: %v", err)
	}
	if renewed, err := take("", firstTopic, false); err != nil || renewed.Action != sign.ActionRenew || renewed.Entry.ID != first.Entry.ID {
		t.Errorf("renewal: %+v, %v", renewed, err)
	}
	if _, err := take("", otherTopic, false); !errors.Is(err, sign.ErrTopic) || !strings.Contains(err.Error(), "enrolled again") {
		t.Errorf("another topic: %v", err)
	}
	if own, err := take("talwind", otherTopic, false); err != nil || own.Action != sign.ActionAdd {
		t.Errorf("a tenant's own: %+v, %v", own, err)
	}
	if chosen, err := r.Identity(t.Context(), keyring.Choice{Kind: sign.KindPush, Tenant: "talwind"}); err != nil || chosen.Fallback || chosen.Entry.BaseName != otherTopic {
		t.Errorf("of the tenant: %v, %v", chosen, err)
	}
	if second, err := take("", otherTopic, true); err != nil || second.Action != sign.ActionAdd || second.Entry.Default || len(second.Notes) == 0 {
		t.Errorf("a new topic on purpose: %+v, %v", second, err)
	}
}

// TestAppleID: only the Apple ID that asked for a certificate asks for its renewal.
func TestAppleID(t *testing.T) {
	r := ring(t)
	if _, err := r.Import(t.Context(), keyring.Import{Kind: sign.KindPush, Certificate: asked(t, r, "", firstTopic, false)}); err != nil {
		t.Fatal(err)
	}
	q := keyring.Request{Kind: sign.KindPush, Email: "other@example.com"}
	if _, _, err := r.Request(t.Context(), q); !errors.Is(err, keyring.ErrAppleID) || !strings.Contains(err.Error(), "it@example.com") {
		t.Errorf("another Apple ID: %v", err)
	}
	if waiting := must(r.Store.WaitingKeys(t.Context())); len(waiting) != 0 {
		t.Errorf("%d keys were made all the same", len(waiting))
	}
	q.Tenant = "talwind"
	if _, _, err := r.Request(t.Context(), q); err != nil {
		t.Errorf("of a tenant: %v", err)
	}
	q.Tenant, q.NewTopic = "", true
	if _, _, err := r.Request(t.Context(), q); err != nil {
		t.Errorf("on purpose: %v", err)
	}
}

// TestWrongPush: what is no push certificate of device management is not taken for
// one.
func TestWrongPush(t *testing.T) {
	for name, c := range map[string]struct {
		o    signtest.Options
		is   error
		want string
	}{
		"a pass certificate":   {signtest.Options{}, keyring.ErrNotPush, "it is a Pass Type ID certificate"},
		"of an app":            {signtest.Options{Push: true, TypeID: "com.example.app", CommonName: "Apple Push Services: com.example.app"}, sign.ErrTopic, "push certificate of an app"},
		"expired":              {signtest.Options{Push: true, NotBefore: time.Now().AddDate(-2, 0, 0), NotAfter: time.Now().AddDate(-1, 0, 0)}, sign.ErrExpired, "under the same Apple ID"},
		"not yet valid":        {signtest.Options{Push: true, NotBefore: time.Now().Add(time.Hour)}, sign.ErrNotYetValid, "set the clock"},
		"with another's key":   {signtest.Options{Push: true, OtherKey: true}, sign.ErrKeyMismatch, "another key"},
		"a topic without name": {signtest.Options{Push: true, TypeID: "com.apple.mgmt."}, sign.ErrTopic, "has a topic like"},
	} {
		t.Run(name, func(t *testing.T) {
			r := ring(t)
			issued := issue(t, c.o)
			key, err := issued.KeyPEM()
			if err != nil {
				t.Fatal(err)
			}
			_, err = r.Import(t.Context(), keyring.Import{
				Kind: sign.KindPush, Certificate: sign.File{Name: "push.pem", Data: issued.PEM()}, Key: sign.File{Name: "key.pem", Data: key},
			})
			if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %v, %q", err, c.is, c.want)
			}
			if list := must(r.Store.Entries(t.Context())); len(list) != 0 {
				t.Errorf("%d entries were kept", len(list))
			}
		})
	}
}
