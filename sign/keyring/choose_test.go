package keyring_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"passmill/sign"
	"passmill/sign/keyring"
	"passmill/sign/signtest"
)

// TestChoice: a tenant gets its own certificate, else the account's, and never
// another tenant's.
func TestChoice(t *testing.T) {
	r := ring(t)
	add := func(name, base, tenant string) sign.Entry {
		i := pass(t, signtest.Options{TypeID: base})
		i.Name, i.Tenant = name, tenant
		return imported(t, r, i).Entry
	}
	account := add("Members", "pass.a", "")
	add("Coupons", "pass.b", "")
	talwind := add("Members", "pass.a", "talwind")
	secret := add("Secret", "pass.c", "other")
	disabled := add("Off", "pass.d", "")
	disabled.Enabled = false
	if _, err := r.Update(t.Context(), disabled, "off"); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		choice   keyring.Choice
		want     string
		tenant   string
		fallback bool
		is       error
	}{
		"default":                  {choice: keyring.Choice{}, want: "pass.a"},
		"of the tenant":            {choice: keyring.Choice{Tenant: "talwind"}, want: "pass.a", tenant: "talwind"},
		"of a tenant without":      {choice: keyring.Choice{Tenant: "nobody"}, want: "pass.a", fallback: true},
		"by name":                  {choice: keyring.Choice{Name: "coupons"}, want: "pass.b"},
		"by id":                    {choice: keyring.Choice{Name: account.ID[:8]}, want: "pass.a"},
		"tenant by name":           {choice: keyring.Choice{Tenant: "talwind", Name: "Members"}, want: "pass.a", tenant: "talwind"},
		"account's by name":        {choice: keyring.Choice{Tenant: "talwind", Name: "Coupons"}, want: "pass.b", fallback: true},
		"by type":                  {choice: keyring.Choice{BaseName: "pass.b", TeamID: "PRETEND123"}, want: "pass.b"},
		"another team's":           {choice: keyring.Choice{BaseName: "pass.b", TeamID: "OTHER"}, is: keyring.ErrNone},
		"another tenant's":         {choice: keyring.Choice{Tenant: "talwind", BaseName: "pass.c"}, is: keyring.ErrNone},
		"a tenant's, unasked":      {choice: keyring.Choice{BaseName: "pass.c"}, is: keyring.ErrNone},
		"another tenant's, by id":  {choice: keyring.Choice{Tenant: "talwind", Name: secret.ID}, is: keyring.ErrNone},
		"disabled":                 {choice: keyring.Choice{Name: "Off"}, is: keyring.ErrDisabled},
		"of another kind":          {choice: keyring.Choice{Kind: sign.KindPush}, is: keyring.ErrNone},
		"the tenant's id, unasked": {choice: keyring.Choice{Name: talwind.ID}, is: keyring.ErrNone},
	} {
		if tt.choice.Kind == "" {
			tt.choice.Kind = sign.KindPass
		}
		got, err := r.Identity(t.Context(), tt.choice)
		if !errors.Is(err, tt.is) || err == nil && tt.is != nil {
			t.Errorf("%s: %v, want %v", name, err, tt.is)
			continue
		}
		if tt.is == nil && (got.Entry.BaseName != tt.want || got.Entry.Tenant != tt.tenant || got.Fallback != tt.fallback || got.Identity.TypeID() != tt.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	chosen, err := r.Identity(t.Context(), keyring.Choice{Kind: sign.KindPass, Tenant: "nobody"})
	if err != nil || !strings.Contains(chosen.String(), "of the account, since the tenant has none") {
		t.Errorf("said as %v, %v", chosen, err)
	}
}

// TestAmbiguous: two of one name are told apart by their ids.
func TestAmbiguous(t *testing.T) {
	r := ring(t)
	for _, base := range []string{"pass.a", "pass.b"} {
		i := pass(t, signtest.Options{TypeID: base})
		i.Name = "Same"
		imported(t, r, i)
	}
	if _, err := r.Identity(t.Context(), keyring.Choice{Kind: sign.KindPass, Name: "same"}); !errors.Is(err, keyring.ErrAmbiguous) {
		t.Errorf("by one name: %v", err)
	}
	if _, err := r.Find(t.Context(), "", "Same"); !errors.Is(err, keyring.ErrAmbiguous) {
		t.Errorf("found by one name: %v", err)
	}
	e, err := r.Find(t.Context(), "", "pass.b")
	if err != nil || e.Default {
		t.Fatalf("found %v, %v", e, err)
	}
	if e, err = r.MakeDefault(t.Context(), e); err != nil || !e.Default {
		t.Errorf("made the default: %v, %v", e, err)
	}
	if err := r.Remove(t.Context(), e, true); !errors.Is(err, sign.ErrDefault) || !strings.Contains(err.Error(), "passmill cert default") {
		t.Errorf("the default was removed: %v", err)
	}
	e.Enabled = false
	if _, err := r.Update(t.Context(), e, ""); err != nil {
		t.Fatal(err)
	}
	other, _ := r.Find(t.Context(), "", "pass.a")
	if err := r.Remove(t.Context(), other, false); err != nil {
		t.Error(err)
	}
	if _, err := r.MakeDefault(t.Context(), e); !errors.Is(err, keyring.ErrDisabled) {
		t.Errorf("a disabled one became the default: %v", err)
	}
}

// TestStoredJobs: a job of the ledger uses its certificate before it has run.
func TestStoredJobs(t *testing.T) {
	r := ring(t)
	first := imported(t, r, pass(t, signtest.Options{TypeID: "pass.a"})).Entry
	second := imported(t, r, pass(t, signtest.Options{TypeID: "pass.b"})).Entry
	r.Stored = func(context.Context) ([]keyring.StoredJob, error) {
		return []keyring.StoredJob{
			{Name: "default", Template: "card", Choice: keyring.Choice{Kind: sign.KindPass}},
			{Name: "coupons", Template: "coupon", Choice: keyring.Choice{Kind: sign.KindPass, BaseName: "pass.b"}},
			{Name: "lost", Template: "card", Choice: keyring.Choice{Kind: sign.KindPass, BaseName: "pass.none"}},
		}, nil
	}
	for _, tt := range []struct {
		e   sign.Entry
		job string
	}{{second, "coupons"}, {first, "default"}} {
		if err := r.Remove(t.Context(), tt.e, false); !errors.Is(err, sign.ErrInUse) || !strings.Contains(err.Error(), "by jobs "+tt.job+" ") {
			t.Errorf("%s: %v; want it in use by %s alone", tt.e.BaseName, err, tt.job)
		}
	}
	if err := r.Remove(t.Context(), second, true); err != nil {
		t.Error(err)
	}
}

// TestUnreadJob: a job of the ledger that can't be read, as one that a newer program
// has added, keeps nobody from seeing what expires, but a certificate from being
// removed: it may be the one that the job uses.
func TestUnreadJob(t *testing.T) {
	r := ring(t)
	e := imported(t, r, pass(t, signtest.Options{})).Entry
	odd := errors.New("unknown key")
	r.Stored = func(context.Context) ([]keyring.StoredJob, error) {
		return []keyring.StoredJob{{Name: "newer", Err: odd}}, nil
	}
	list, err := r.List(t.Context(), func(sign.Entry) bool { return true })
	if err != nil || len(list) != 1 || len(list[0].Jobs()) > 0 {
		t.Errorf("listed are %v, %v", list, err)
	}
	if err := r.Remove(t.Context(), e, false); !errors.Is(err, sign.ErrInUse) || !errors.Is(err, odd) || !strings.Contains(err.Error(), `job "newer"`) {
		t.Errorf("removed: %v", err)
	}
	if err := r.Remove(t.Context(), e, true); err != nil {
		t.Error(err)
	}
}

// TestClock: a clock that is before the last signature is wrong, unless by little.
func TestClock(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	r := ring(t)
	r.Now = func() time.Time { return now }
	if err := r.CheckClock(t.Context()); err != nil {
		t.Errorf("nothing was signed yet: %v", err)
	}
	if err := r.Store.AddEvent(t.Context(), r.Event(sign.ActionSignEnd)); err != nil {
		t.Fatal(err)
	}
	for _, back := range []struct {
		by    time.Duration
		wrong bool
	}{{-time.Hour, false}, {0, false}, {5 * time.Minute, false}, {6 * time.Minute, true}, {24 * time.Hour, true}, {5 * 365 * 24 * time.Hour, true}} {
		r.Now = func() time.Time { return now.Add(-back.by) }
		if err := r.CheckClock(t.Context()); errors.Is(err, sign.ErrClock) != back.wrong {
			t.Errorf("set back by %v: %v", back.by, err)
		}
	}
}
