//go:build unix

package main

import (
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"passmill/jobs/ledger"
	"passmill/sign/signtest"
)

// A wrongCertificate is a file that no pass may be made with, and what is said of it.
type wrongCertificate struct {
	options  signtest.Options
	file     func(t *testing.T, i *signtest.Issued) []byte // instead of its .p12
	template string                                        // what the template names, as members of template.json
	password string                                        // that is given, instead of the right one

	said     string // by make and check of a job that names the file
	imported string // by cert import, if that isn't the same; "-" if it gets in
	chosen   string // by make and check of a job without a file then; empty if the registry has none
	field    string // that the API blames; "-" if it gets in there too
}

// wrongCertificates returns the kinds that there are.
func wrongCertificates(now time.Time) map[string]wrongCertificate {
	other := func(kind signtest.Options) signtest.Options {
		kind.NoMarker, kind.NoUsage = true, true
		return kind
	}
	return map[string]wrongCertificate{
		"other pass type": {template: `"passTypeIdentifier": "pass.com.example.foreign"`, said: "pass.com.example.foreign",
			imported: "-", chosen: "none for pass.com.example.foreign", field: "-"},
		"other team": {template: `"passTypeIdentifier": "pass.com.example.pretend", "teamIdentifier": "FOREIGN123"`, said: "FOREIGN123",
			imported: "-", chosen: "none for pass.com.example.pretend of team FOREIGN123", field: "-"},
		"expires in the run": {options: signtest.Options{NotAfter: now.Add(time.Hour)}, said: "expires during the run",
			imported: "-", chosen: "expires during the run", field: "-"},
		"expired":              {options: signtest.Options{NotBefore: now.AddDate(-2, 0, 0), NotAfter: now.AddDate(-1, 0, 0)}, said: "expired"},
		"not yet valid":        {options: signtest.Options{NotBefore: now.AddDate(0, 0, 7), NotAfter: now.AddDate(1, 0, 0)}, said: "not yet valid"},
		"missing intermediate": {options: signtest.Options{OtherIntermediate: true}, said: "no intermediate certificate"},
		"forged":               {options: signtest.Options{Forged: true}, said: "wrong intermediate certificate"},
		"key does not fit":     {options: signtest.Options{OtherKey: true}, said: "key does not fit"},
		"no key":               {file: withoutKey, said: "no private key"},
		"push for apps":        {options: other(signtest.Options{CommonName: "Apple Push Services: com.example.app"}), said: "a push certificate of an app"},
		"push for management":  {options: signtest.Options{Push: true}, said: "a push certificate for device management"},
		"development": {options: other(signtest.Options{CommonName: "Apple Development: Ada (X)", Markers: &[]asn1.ObjectIdentifier{{1, 2, 840, 113635, 100, 6, 1, 2}}}),
			said: "a development certificate"},
		"nobody's":          {options: other(signtest.Options{CommonName: "x", Markers: &[]asn1.ObjectIdentifier{}}), said: "not a certificate of Apple's"},
		"no marker":         {options: signtest.Options{NoMarker: true}, said: "not a pass certificate"},
		"no usage":          {options: signtest.Options{NoUsage: true}, said: "not a pass certificate"},
		"marker of another": {options: signtest.Options{Marker: "pass.com.example.other"}, said: "marker holds another name"},
		"no pass type":      {options: signtest.Options{NoTypeID: true}, said: "wrong pass type"},
		"no team":           {options: signtest.Options{NoTeamID: true}, said: "wrong team"},
		"an authority's":    {file: authorityAlone, said: "no private key", imported: "not the certificate itself"},
		"damaged":           {file: damaged, said: "damaged"},
		"wrong password":    {password: "another", said: "wrong password", field: "password"},
	}
}

func withoutKey(t *testing.T, i *signtest.Issued) []byte {
	t.Helper()
	data, err := pkcs12.Modern.EncodeTrustStoreEntries([]pkcs12.TrustStoreEntry{{Cert: i.Certificate, FriendlyName: "x"}}, "secret")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func authorityAlone(*testing.T, *signtest.Issued) []byte { return signtest.Shared().IntermediatePEM() }

func damaged(t *testing.T, i *signtest.Issued) []byte {
	t.Helper()
	data, err := i.P12(signtest.Modern, "secret")
	if err != nil {
		t.Fatal(err)
	}
	return data[:len(data)/2]
}

// put writes the file, its password and its template into a sandbox.
func (w wrongCertificate) put(t *testing.T, s *sandbox) {
	t.Helper()
	w.options.EC = true
	s.certificate(w.options)
	if w.file != nil {
		i, err := signtest.Shared().Issue(w.options)
		if err != nil {
			t.Fatal(err)
		}
		s.write("pass.p12", string(w.file(t, i)))
	}
	if w.password != "" {
		s.write("password.txt", w.password+"\n")
	}
	if w.template == "" {
		return
	}
	if code, _, stderr := s.run("template", "new", "storecard", s.path("storecard")); code != exitDone {
		t.Fatal(stderr)
	}
	text := mustRead(t, s.path("storecard/template.json"))
	s.write("storecard/template.json", strings.Replace(text, "{", "{"+w.template+",", 1))
}

// TestWrongCertificates: each kind of wrong certificate stops make before the first
// row, and is said by check, once; in a file that the job names, in the registry,
// or at its door. No pass is made, and what was refused is not kept.
func TestWrongCertificates(t *testing.T) {
	for name, w := range wrongCertificates(time.Now()) {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, 3, "")
			w.put(t, s)
			s.refuses(w.said)
			for _, name := range []string{"out", "passmill.db"} {
				if err := os.RemoveAll(s.path(name)); err != nil {
					t.Fatal(err)
				}
			}
			s.write("members.yaml", strings.Replace(mustRead(t, s.path("members.yaml")), "certificate: {p12: pass.p12, passwordFile: password.txt}\n", "", 1))
			if out, err := s.command(nil, "key", "init").CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			s.atTheDoor(w)
			chosen := w.chosen
			if chosen == "" {
				chosen = "the registry has no default"
			}
			s.refuses(chosen)
		})
	}
}

// atTheDoor imports the file, which may be refused.
func (s *sandbox) atTheDoor(w wrongCertificate) {
	s.t.Helper()
	out, err := s.command(nil, "cert", "import", "--password-file", "password.txt", "pass.p12").CombinedOutput()
	want := w.imported
	if want == "" {
		want = w.said
	}
	if want == "-" {
		if err != nil {
			s.t.Errorf("import: %v\n%s", err, out)
		}
		return
	}
	if err == nil || !strings.Contains(string(out), want) || strings.Count(string(out), "\n") != 1 {
		s.t.Errorf("import: got %v, %s; want %q in one line", err, out, want)
	}
	s.empty()
}

// empty wants that the registry keeps nothing.
func (s *sandbox) empty() {
	s.t.Helper()
	db, err := ledger.Open(s.t.Context(), s.path("passmill.db"), ledger.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	entries, err := db.Entries(s.t.Context())
	versions, errVersions := db.Versions(s.t.Context(), "")
	keys, errKeys := db.WaitingKeys(s.t.Context())
	if err != nil || errVersions != nil || errKeys != nil || len(entries)+len(versions)+len(keys) > 0 {
		s.t.Errorf("kept: %d entries, %d certificates, %d keys (%v, %v, %v)", len(entries), len(versions), len(keys), err, errVersions, errKeys)
	}
}

// TestWrongCertificatesServed: the API refuses each kind that the registry refuses,
// names the field, and keeps nothing.
func TestWrongCertificatesServed(t *testing.T) {
	s := newSandbox(t, 0, "")
	if out, err := s.command(nil, "key", "init").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	v := s.serve()
	for name, w := range wrongCertificates(time.Now()) {
		if w.field == "-" {
			continue // nothing is wrong with it but for some jobs
		}
		t.Run(name, func(t *testing.T) {
			w.put(t, s)
			code, body := v.send("POST", "/v1/certificates", "", map[string]any{
				"certificate": base64.StdEncoding.EncodeToString([]byte(mustRead(t, s.path("pass.p12")))),
				"password":    strings.TrimSpace(mustRead(t, s.path("password.txt"))),
			})
			field := w.field
			if field == "" {
				field = "certificate"
			}
			var p struct {
				Errors []struct{ In, Field, Detail string }
			}
			if err := json.Unmarshal([]byte(body), &p); err != nil || code != http.StatusUnprocessableEntity ||
				len(p.Errors) != 1 || p.Errors[0].In != "body" || p.Errors[0].Field != field || p.Errors[0].Detail == "" {
				t.Errorf("got %d, %s; want one error of the field %s", code, body, field)
			}
			s.empty()
		})
	}
	if files := s.files(); len(files) > 0 {
		t.Errorf("%d passes were made", len(files))
	}
}
