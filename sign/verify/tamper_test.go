package verify_test

import (
	"archive/zip"
	"bytes"
	"io"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passmill/sign/signtest"
	"passmill/sign/verify"
)

// A tamper makes a good pass bad in one way.
type tamper struct {
	code string // the one finding
	name string
	do   func(*specimen)
}

// signing makes a tamper of a change of the signature.
func signing(code, name string, change func(*cms)) tamper {
	return tamper{code, name, func(s *specimen) {
		s.sign = func(manifest []byte) []byte {
			c := newCMS(leaf())
			change(c)
			return c.sign(manifest)
		}
	}}
}

// certificate makes a tamper of a wrong certificate.
func certificate(code, name string, o signtest.Options) tamper {
	return tamper{code, name, func(s *specimen) { s.options = o }}
}

// edit makes a tamper of a change of pass.json.
func edit(code, name, old, new string) tamper {
	return tamper{code, name, func(s *specimen) { s.edit(old, new) }}
}

// late makes a tamper of a change of the files after signing.
func late(code, name string, change func(map[string][]byte)) tamper {
	return tamper{code, name, func(s *specimen) { s.late = change }}
}

// added makes a tamper of a file that is signed and packed with the others.
func added(code, name, path string, content []byte) tamper {
	return tamper{code, name, func(s *specimen) { s.files[path] = content }}
}

// archived makes a tamper of a change of the archive.
func archived(code, name string, change func([]byte) []byte) tamper {
	return tamper{code, name, func(s *specimen) { s.archive = change }}
}

func manifestEdit(code, name, old, new string) tamper {
	return tamper{code, name, func(s *specimen) {
		s.manifest = func(m []byte) []byte { return bytes.Replace(m, []byte(old), []byte(new), 1) }
	}}
}

var tampers = slices.Concat(archiveTampers, manifestTampers, signatureTampers, passTampers)

var archiveTampers = []tamper{
	archived("not-a-zip", "text", func([]byte) []byte { return []byte("hello") }),
	archived("not-a-zip", "cut", func(d []byte) []byte { return d[:len(d)-30] }),
	archived("not-a-zip", "empty", func([]byte) []byte { return nil }),
	archived("too-large", "65 MiB", func([]byte) []byte { return make([]byte, 65<<20) }),
	archived("too-large", "zip bomb", func([]byte) []byte { return deflated(bytes.Repeat([]byte(" "), 4<<20), "pass.json") }),
	archived("too-large", "many files", func([]byte) []byte {
		return deflated(nil, strings.Split(strings.Repeat("x,", 1001), ",")...)
	}),
	archived("too-large", "much together", func([]byte) []byte {
		noise := make([]byte, 70<<10)
		rand.New(rand.NewSource(1)).Read(noise)
		return deflated(noise, strings.Split(strings.Repeat("x,", 999), ",")...)
	}),
	{"too-large", "a size that lies", func(s *specimen) {
		s.header = func(h *zip.FileHeader) { h.UncompressedSize64 = 60 << 20 }
	}},
	{"duplicate-file", "icon twice", func(s *specimen) {
		s.files["icon@2x.png"] = s.files["icon.png"]
		s.archive = func(d []byte) []byte { return renamed(d, "icon@2x.png", "icon.png") }
		s.manifest = withoutKey("icon@2x.png")
	}},
	{"bad-path", "parent", addedPath("../icon.png")},
	{"bad-path", "root", addedPath("/icon.png")},
	{"bad-path", "backslash", addedPath(`de.lproj\icon.png`)},
	{"bad-path", "dot", addedPath("./icon.png")},
	{"bad-path", "not UTF-8", addedPath("ic\xffn.png")},
	archived("top-folder", "zip of the folder", func(d []byte) []byte { return prefixed(d, "card.pass/") }),
	late("stray-file", "Finder", func(f map[string][]byte) { f[".DS_Store"] = []byte("x") }),
	late("stray-file", "resource fork", func(f map[string][]byte) { f["__MACOSX/._icon.png"] = []byte("x") }),
	late("stray-file", "Windows", func(f map[string][]byte) { f["de.lproj/Thumbs.db"] = []byte("x") }),
	archived("file-damaged", "a bit", func(d []byte) []byte {
		d[bytes.Index(d, []byte("\x89PNG"))+40] ^= 1
		return d
	}),
	{"encrypted-file", "flag", func(s *specimen) {
		s.header = func(h *zip.FileHeader) {
			if h.Name == "icon.png" {
				h.Flags |= 1
			}
		}
	}},
	archived("extra-bytes", "behind", func(d []byte) []byte { return append(d, "more"...) }),
	archived("extra-bytes", "before", func(d []byte) []byte { return append([]byte("more"), d...) }),
}

var manifestTampers = []tamper{
	late("no-manifest", "gone", func(f map[string][]byte) { delete(f, "manifest.json") }),
	{"manifest-malformed", "trailing comma", func(s *specimen) {
		s.manifest = func(m []byte) []byte { return append(m[:len(m)-1], ",}"...) }
	}},
	{"manifest-malformed", "array", func(s *specimen) { s.manifest = func([]byte) []byte { return []byte("[]") } }},
	manifestEdit("manifest-duplicate", "icon", `"icon.png":`, `"icon.png":"00","icon.png":`),
	{"not-in-manifest", "not listed", func(s *specimen) { s.manifest = withoutKey("icon.png") }},
	late("not-in-manifest", "added", func(f map[string][]byte) { f["logo.png"] = f["icon.png"] }),
	manifestEdit("hash-differs", "other hash", `"icon.png":"`, `"icon.png":"ff`),
	late("hash-differs", "pass.json", func(f map[string][]byte) { f["pass.json"] = append(f["pass.json"], ' ') }),
	late("file-missing", "strings", func(f map[string][]byte) { delete(f, "de.lproj/pass.strings") }),
	late("manifest-changed", "blank", func(f map[string][]byte) { f["manifest.json"] = append(f["manifest.json"], ' ') }),
}

var signatureTampers = []tamper{
	late("no-signature", "gone", func(f map[string][]byte) { delete(f, "signature") }),
	late("signature-malformed", "text", func(f map[string][]byte) { f["signature"] = []byte("signature") }),
	late("signature-malformed", "empty", func(f map[string][]byte) { f["signature"] = []byte{} }),
	late("signature-malformed", "PEM", func(f map[string][]byte) { f["signature"] = []byte("-----BEGIN PKCS7-----") }),
	late("signature-malformed", "cut", func(f map[string][]byte) { f["signature"] = f["signature"][:900] }),
	late("signature-malformed", "BER", func(f map[string][]byte) { f["signature"] = append([]byte{0x30, 0x80}, f["signature"][4:]...) }),
	late("signature-malformed", "trailing", func(f map[string][]byte) { f["signature"] = append(f["signature"], 0) }),
	signing("not-detached", "attached", func(c *cms) { c.attached = true }),
	signing("signer-missing", "intermediate alone", func(c *cms) { c.certificates = c.certificates[1:] }),
	signing("digest-unsupported", "SHA-384", func(c *cms) { c.digest = oidSHA384 }),
	signing("attribute-order", "reversed", func(c *cms) { c.reversed = true }),
	signing("content-type", "signed data", func(c *cms) { c.contentType = oidSignedData }),
	signing("no-signing-time", "none", func(c *cms) { c.times = 0 }),
	signing("signing-time-twice", "two", func(c *cms) { c.times = 2 }),
	signing("signature-wrong", "a bit", func(c *cms) { c.broken = true }),
	signing("no-intermediate", "leaf alone", func(c *cms) { c.certificates = c.certificates[:1] }),
	signing("wrong-intermediate", "root", func(c *cms) { c.certificates[1] = signtest.Shared().Root() }),
	signing("signed-too-early", "yesterday", func(c *cms) { c.time = c.leaf.NotBefore.Add(-24 * time.Hour) }),
	certificate("wrong-intermediate", "another", signtest.Options{OtherIntermediate: true}),
	certificate("untrusted", "forged", signtest.Options{Forged: true}),
	certificate("no-marker", "none", signtest.Options{NoMarker: true}),
	certificate("marker-differs", "old name", signtest.Options{Marker: "Old Name"}),
	certificate("no-usage", "clientAuth", signtest.Options{NoUsage: true}),
	certificate("type-differs", "other", signtest.Options{TypeID: "pass.com.example.other"}),
	certificate("type-differs", "none", signtest.Options{NoTypeID: true}),
	certificate("team-differs", "other", signtest.Options{TeamID: "OTHER12345"}),
	certificate("team-differs", "none", signtest.Options{NoTeamID: true}),
	{"chain-not-in-date", "before the intermediate", func(s *specimen) {
		old := time.Now().Add(-7 * 365 * 24 * time.Hour)
		issued := must(signtest.Shared().Issue(signtest.Options{Key: leaf().Key, NotBefore: old, NotAfter: old.Add(20 * 365 * 24 * time.Hour)}))
		s.sign = func(manifest []byte) []byte {
			c := newCMS(issued)
			c.time = old.Add(time.Hour)
			return c.sign(manifest)
		}
	}},
	{"signed-too-late", "expired", func(s *specimen) {
		issued := must(signtest.Shared().Issue(signtest.Options{Key: leaf().Key, NotAfter: time.Now().Add(time.Hour)}))
		s.sign = func(manifest []byte) []byte {
			c := newCMS(issued)
			c.time = time.Now().Add(61 * time.Minute)
			return c.sign(manifest)
		}
		s.now = time.Now().Add(30 * time.Minute)
	}},
	{"certificate-expired", "in two years", func(s *specimen) { s.now = time.Now().Add(2 * 365 * 24 * time.Hour) }},
	{"signed-in-the-future", "clock", func(s *specimen) { s.now = time.Now().Add(-2 * time.Hour) }},
}

var passTampers = []tamper{
	{"no-pass", "gone", func(s *specimen) { delete(s.files, "pass.json") }},
	edit("pass-malformed", "no comma", `"formatVersion": 1,`, `"formatVersion": 1`),
	edit("pass-malformed", "half a comment", `"formatVersion"`, "/* the version\n\"formatVersion\""),
	{"pass-malformed", "array", func(s *specimen) { s.files["pass.json"] = []byte("[{}]") }},
	{"pass-malformed", "too deep", func(s *specimen) {
		s.edit(`"formatVersion"`, `"deep": `+strings.Repeat("[", 80)+strings.Repeat("]", 80)+`, "formatVersion"`)
	}},
}

// TestTampers makes a good pass bad in one way at a time: exactly that is
// reported, and of every code there is an example.
func TestTampers(t *testing.T) {
	seen := map[string]bool{"unreadable": true} // for bugs of the standard library, which none is known of
	for _, c := range tampers {
		seen[c.code] = true
		t.Run(c.code+"/"+c.name, func(t *testing.T) {
			s := newSpecimen()
			c.do(s)
			got := codes(s.verify(t))
			if diff := cmp.Diff([]string{c.code}, slices.Compact(got)); diff != "" {
				t.Errorf("codes (-want +got):\n%s", diff)
			}
		})
	}
	for _, rule := range verify.Rules {
		if !seen[rule.Code] {
			t.Errorf("no example of %s", rule.Code)
		}
		if rule.What == "" || rule.Fix == "" {
			t.Errorf("%s doesn't say what it asks, or how to mend it", rule.Code)
		}
	}
}

// TestGood checks that passes without fault have no findings, in the variants
// that genuine passes have.
func TestGood(t *testing.T) {
	for name, do := range map[string]func(*specimen){
		"untampered":      func(*specimen) {},
		"SHA-1":           signing("", "", func(c *cms) { c.digest = oidSHA1 }).do,
		"by key id":       signing("", "", func(c *cms) { c.byKeyID = true }).do,
		"issuer first":    signing("", "", func(c *cms) { slices.Reverse(c.certificates) }).do,
		"with the root":   signing("", "", func(c *cms) { c.certificates = append(c.certificates, signtest.Shared().Root()) }).do,
		"poster":          edit("", "", `"storeCard"`, `"posterGeneric": {}, "storeCard"`).do,
		"icon at 3x only": func(s *specimen) { s.files["icon@3x.png"] = s.files["icon.png"]; delete(s.files, "icon.png") },
		"UTF-8 strings":   func(s *specimen) { s.files["fr.lproj/pass.strings"] = []byte("\"café\" = \"café\";") },
		"UTF-16 emoji":    func(s *specimen) { s.files["fr.lproj/pass.strings"] = []byte("\xfe\xff\xd8\x3d\xde\x00") },
		"trailing comma":  edit("", "", `"formatVersion": 1,`, `"formatVersion": 1,,`).do,
		"comments":        edit("", "", `"formatVersion"`, "// the version, or \"\n/* , */ \"formatVersion\"").do,
		"byte order mark": edit("", "", "{", "\ufeff{").do,
		"slashes in text": edit("", "", `"A card"`, `"A //card, /* ,] \\"`).do,
		"null date":       edit("", "", `"2030-05-31T18:30:00+02:00"`, "null").do,
		"folder entry":    func(s *specimen) { s.late = func(f map[string][]byte) { f["de.lproj/"] = nil } },
		"NFC":             certificate("", "", signtest.Options{NFC: true}).do,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSpecimen()
			do(s)
			r := s.verify(t)
			if len(r.Findings) > 0 {
				t.Errorf("findings of a good pass: %v", r.Findings)
			}
			if r.Serial != "1" || r.TypeID != "pass.com.example.pretend" || r.TeamID != "PRETEND123" || r.SigningTime.IsZero() || r.NotAfter.IsZero() {
				t.Errorf("the report lacks what the pass says of itself: %+v", r)
			}
		})
	}
}

// TestAll checks that everything is reported at once.
func TestAll(t *testing.T) {
	s := newSpecimen()
	s.options = signtest.Options{TeamID: "OTHER12345", Marker: "Old Name"}
	s.late = func(f map[string][]byte) { f[".DS_Store"] = nil; delete(f, "icon.png") }
	want := []string{"file-missing", "marker-differs", "stray-file", "team-differs"}
	got := codes(s.verify(t))
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("codes (-want +got):\n%s", diff)
	}
}

// TestMessages checks that mistakes of people are named in their words.
func TestMessages(t *testing.T) {
	for want, do := range map[string]func(*specimen){
		"line 2: ": edit("", "", `"formatVersion": 1,`, `"formatVersion": 1`).do,
		"line 6: invalid character '\"' after array element": func(s *specimen) {
			s.files["pass.json"] = []byte("{ // one\n\n\n\n\"a\": [1,\n2 \"b\"]}")
		},
		"(a comma must not stand before a closing bracket)": func(s *specimen) {
			s.manifest = func(m []byte) []byte { return append(m[:len(m)-1], ",}"...) }
		},
		`lists "de.lproj/pass.strings", which is not in the pass`: late("", "", func(f map[string][]byte) { delete(f, "de.lproj/pass.strings") }).do,
	} {
		s := newSpecimen()
		do(s)
		r := s.verify(t)
		if len(r.Findings) != 1 || !strings.Contains(r.Findings[0].Message, want) {
			t.Errorf("findings %v, want one with %q", r.Findings, want)
		}
	}
}

func codes(r *verify.Report) []string {
	var got []string
	for _, f := range r.Findings {
		got = append(got, f.Code)
	}
	return got
}

// addedPath adds a file to the finished archive and nowhere else.
func addedPath(path string) func(*specimen) {
	return func(s *specimen) { s.late = func(f map[string][]byte) { f[path] = []byte("x") } }
}

// withoutKey takes a file out of a manifest.
func withoutKey(name string) func([]byte) []byte {
	return func(m []byte) []byte {
		from := bytes.Index(m, []byte(`"`+name+`"`))
		to := from + bytes.IndexAny(m[from:], ",}")
		if m[to] == ',' {
			to++
		}
		return append(m[:from:from], m[to:]...)
	}
}

// renamed and prefixed write an archive again with other paths.
func renamed(data []byte, old, new string) []byte {
	return rewrite(data, func(name string) string { return strings.Replace(name, old, new, 1) })
}

func prefixed(data []byte, folder string) []byte {
	return rewrite(data, func(name string) string { return folder + name })
}

func rewrite(data []byte, rename func(string) string) []byte {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, f := range must(zip.NewReader(bytes.NewReader(data), int64(len(data)))).File {
		h := f.FileHeader
		h.Name = rename(f.Name)
		content := must(io.ReadAll(must(f.OpenRaw())))
		must(must(w.CreateRaw(&h)).Write(content))
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// deflated packs one content under several names.
func deflated(content []byte, names ...string) []byte {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, name := range names {
		must(must(w.Create(name)).Write(content))
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return buf.Bytes()
}
