package sign_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"passmill/sign"
	"passmill/sign/signtest"
)

var sentinels = map[string]error{
	"ErrPassword": sign.ErrPassword, "ErrNoKey": sign.ErrNoKey, "ErrKeyMismatch": sign.ErrKeyMismatch, "ErrNotPass": sign.ErrNotPass,
	"ErrMarker": sign.ErrMarker, "ErrTypeID": sign.ErrTypeID, "ErrTeamID": sign.ErrTeamID, "ErrExpired": sign.ErrExpired,
	"ErrNotYetValid": sign.ErrNotYetValid, "ErrExpiresDuring": sign.ErrExpiresDuring, "ErrNoIntermediate": sign.ErrNoIntermediate,
	"ErrWrongIntermediate": sign.ErrWrongIntermediate, "ErrIntermediateExpired": sign.ErrIntermediateExpired, "ErrClock": sign.ErrClock,
}

// wraps returns the names of the sentinels in an error.
func wraps(err error) []string {
	var names []string
	for name, s := range sentinels {
		if errors.Is(err, s) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

const day = 24 * time.Hour

// TestCheck checks that every wrong kind of certificate gives its own message
// and no other.
func TestCheck(t *testing.T) {
	now := time.Now()
	tests := map[string]struct {
		o     signtest.Options
		after time.Duration // what the clock says, from now
		run   time.Duration // how long the run takes
		is    []string
		want  string
	}{
		"good":               {},
		"EC":                 {o: signtest.Options{EC: true}},
		"expired":            {after: 400 * day, is: []string{"ErrExpired"}, want: "pretend.pem: expired: the certificate expired on "},
		"not yet valid":      {o: signtest.Options{NotBefore: now.Add(day)}, is: []string{"ErrNotYetValid"}, want: "this machine's clock says"},
		"expires during":     {run: 400 * day, is: []string{"ErrExpiresDuring"}, want: "before this run ends"},
		"other key":          {o: signtest.Options{OtherKey: true}, is: []string{"ErrKeyMismatch"}, want: "use the key that the certificate was requested with"},
		"no marker":          {o: signtest.Options{NoMarker: true}, is: []string{"ErrNotPass"}, want: "no marker extension 1.2.840.113635.100.6.1.16"},
		"no usage":           {o: signtest.Options{NoUsage: true}, is: []string{"ErrNotPass"}, want: "no extended key usage 1.2.840.113635.100.4.14"},
		"neither":            {o: signtest.Options{NoUsage: true, NoMarker: true}, is: []string{"ErrNotPass"}, want: "neither the marker"},
		"marker differs":     {o: signtest.Options{Marker: "Old Name"}, is: []string{"ErrMarker"}, want: `its marker extension holds "Old Name"`},
		"no UID":             {o: signtest.Options{NoTypeID: true}, is: []string{"ErrTypeID"}, want: "no UID in its subject"},
		"no OU":              {o: signtest.Options{NoTeamID: true}, is: []string{"ErrTeamID"}, want: "no OU in its subject"},
		"other intermediate": {o: signtest.Options{OtherIntermediate: true}, is: []string{"ErrWrongIntermediate"}, want: "pretend-wwdr.pem: wrong intermediate certificate: it holds"},
		"forged":             {o: signtest.Options{Forged: true}, is: []string{"ErrWrongIntermediate"}, want: "but is not signed by it"},
		"intermediate expired": {o: signtest.Options{NotAfter: now.Add(9 * 365 * day)}, after: 6 * 365 * day, is: []string{"ErrIntermediateExpired"},
			want: "pretend-wwdr.pem: intermediate certificate expired"},
		"clock": {o: signtest.Options{NotBefore: now.Add(-9 * 365 * day), NotAfter: now.Add(day)}, after: -6 * 365 * day, is: []string{"ErrClock"},
			want: "set the clock"},
		"all at once": {o: signtest.Options{NoUsage: true, NoTeamID: true, OtherKey: true}, after: 400 * day,
			is: []string{"ErrExpired", "ErrKeyMismatch", "ErrNotPass", "ErrTeamID"}, want: "\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			clock := now.Add(tt.after)
			err := identity(t, tt.o).Check(clock, clock.Add(tt.run))
			if got := wraps(err); !slices.Equal(got, tt.is) {
				t.Errorf("Check wraps %v, want %v: %v", got, tt.is, err)
			}
			if err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Check: %q, want %q in it", err, tt.want)
			}
		})
	}
}

// TestSignRefuses checks that nothing is signed with an identity that is unfit.
func TestSignRefuses(t *testing.T) {
	for name, o := range map[string]signtest.Options{
		"expired":   {NotBefore: time.Now().Add(-2 * day), NotAfter: time.Now().Add(-day)},
		"early":     {NotBefore: time.Now().Add(day)},
		"no marker": {NoMarker: true},
		"other key": {OtherKey: true},
		"forged":    {Forged: true},
	} {
		signatures, err := identity(t, o).Sign(t.Context(), [][]byte{[]byte("{}")})
		if err == nil || signatures != nil || len(wraps(err)) != 1 {
			t.Errorf("%s: signatures %d, error %v; want a sentinel", name, len(signatures), err)
		}
	}
}

// TestCheckPass compares with what templates ask for.
func TestCheckPass(t *testing.T) {
	id := identity(t, signtest.Options{})
	for _, tt := range []struct {
		typeID, teamID string
		is             []string
	}{
		{"pass.com.example.pretend", "PRETEND123", nil},
		{"", "", nil},
		{"pass.com.example.other", "PRETEND123", []string{"ErrTypeID"}},
		{"pass.com.example.pretend", "OTHER12345", []string{"ErrTeamID"}},
		{"pass.com.example.other", "OTHER12345", []string{"ErrTeamID", "ErrTypeID"}},
	} {
		err := id.CheckPass(tt.typeID, tt.teamID)
		if got := wraps(err); !slices.Equal(got, tt.is) {
			t.Errorf("CheckPass(%q, %q) wraps %v, want %v: %v", tt.typeID, tt.teamID, got, tt.is, err)
		}
	}
}

// TestIntermediate checks how the intermediate certificate is found.
func TestIntermediate(t *testing.T) {
	issued := leaf()
	m := material("a.p12", append(issued.PEM(), must(issued.KeyPEM())...), "")
	m.Intermediate = sign.File{}
	id, err := sign.Load(m)
	if err != nil {
		t.Fatal(err)
	}
	err = id.Check(time.Now(), time.Now())
	if got := wraps(err); !slices.Equal(got, []string{"ErrNoIntermediate"}) {
		t.Errorf("without an intermediate: Check wraps %v: %v", got, err)
	}
	for _, want := range []string{"with the key id ", "https://www.apple.com/certificateauthority/", "certificate: {intermediate: FILE}"} {
		if err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("without an intermediate: %v, want %q in it", err, want)
		}
	}
	if _, err := id.Sign(t.Context(), [][]byte{nil}); !errors.Is(err, sign.ErrNoIntermediate) {
		t.Errorf("Sign without an intermediate: %v", err)
	}

	m.Intermediate = sign.File{Name: "root.pem", Data: signtest.Shared().RootPEM()}
	if id, err = sign.Load(m); err != nil {
		t.Fatal(err)
	}
	err = id.Check(time.Now(), time.Now())
	if !errors.Is(err, sign.ErrWrongIntermediate) || !strings.Contains(err.Error(), "root.pem: ") {
		t.Errorf("with the root as intermediate: %v", err)
	}
}

// TestEmbedded checks that certificates issued by Apple's G4 find it: by the key
// id that the genuine ones name.
func TestEmbedded(t *testing.T) {
	got := sign.EmbeddedKeyIDs()
	if want := []string{"5bd9fa1de79a1a0ba399762250863e91c85b77a8"}; !slices.Equal(got, want) {
		t.Errorf("embedded intermediates have the key ids %v, want %v", got, want)
	}
}
