package verify_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/png"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"passmill/sign"
	"passmill/sign/signtest"
	"passmill/sign/verify"
)

// A specimen is a good pass on its way to be made bad in one place: each hook
// stands at one step of the making.
type specimen struct {
	options  signtest.Options
	files    map[string][]byte            // before the manifest
	manifest func([]byte) []byte          // between manifest and signature
	sign     func(manifest []byte) []byte // instead of package sign
	late     func(map[string][]byte)      // between signature and archive
	header   func(*zip.FileHeader)        // each file of the archive
	archive  func([]byte) []byte          // the whole
	now      time.Time
}

// leaf is the certificate that signs all specimens that need no other.
var leaf = sync.OnceValue(func() *signtest.Issued { return must(signtest.Shared().Issue(signtest.Options{})) })

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newSpecimen() *specimen {
	var icon bytes.Buffer
	if err := png.Encode(&icon, image.NewGray(image.Rect(0, 0, 38, 38))); err != nil {
		panic(err)
	}
	return &specimen{now: time.Now(), files: map[string][]byte{
		"icon.png":              icon.Bytes(),
		"de.lproj/pass.strings": []byte("\xff\xfe\"\x00"),
		"pass.json": []byte(`{
			"formatVersion": 1, "passTypeIdentifier": "pass.com.example.pretend", "teamIdentifier": "PRETEND123",
			"serialNumber": "1", "organizationName": "Pretend Organization", "description": "A card",
			"expirationDate": "2030-05-31T18:30:00+02:00", "relevantDates": [{"date": "2030-05-31T18:30Z"}],
			"storeCard": {"primaryFields": [{"key": "a", "value": "2030-05-31T18:30:00Z", "dateStyle": "PKDateStyleShort"}]}}`),
	}}
}

// edit replaces a text in pass.json.
func (s *specimen) edit(old, new string) {
	if !bytes.Contains(s.files["pass.json"], []byte(old)) {
		panic("pass.json of the specimen has no " + old)
	}
	s.files["pass.json"] = bytes.Replace(s.files["pass.json"], []byte(old), []byte(new), 1)
}

// make makes the pass.
func (s *specimen) make(t testing.TB) []byte {
	t.Helper()
	files := maps.Clone(s.files)
	hashes := map[string]string{}
	for name, content := range files {
		sum := sha1.Sum(content)
		hashes[name] = hex.EncodeToString(sum[:])
	}
	manifest := must(json.Marshal(hashes))
	if s.manifest != nil {
		manifest = s.manifest(manifest)
	}
	files["manifest.json"] = manifest
	if s.sign == nil {
		s.sign = s.usual
	}
	files["signature"] = s.sign(manifest)
	if s.late != nil {
		s.late(files)
	}
	data := s.zip(files)
	if s.archive != nil {
		data = s.archive(data)
	}
	return data
}

// usual signs as the program does, with the certificate of the options.
func (s *specimen) usual(manifest []byte) []byte {
	signer := leaf()
	if s.options != (signtest.Options{}) {
		s.options.Key = leaf().Key
		signer = must(signtest.Shared().Issue(s.options))
	}
	return newCMS(signer).sign(manifest)
}

func (s *specimen) zip(files map[string][]byte) []byte {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		h := &zip.FileHeader{
			Name: name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(files[name]),
			CompressedSize64: uint64(len(files[name])), UncompressedSize64: uint64(len(files[name])),
		}
		if s.header != nil {
			s.header(h)
		}
		must(must(z.CreateRaw(h)).Write(files[name]))
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// roots holds the pretend authority.
var roots = sync.OnceValue(func() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(signtest.Shared().Root())
	return pool
})

func (s *specimen) verify(t testing.TB) *verify.Report {
	t.Helper()
	return verify.Pass(s.make(t), verify.Options{Roots: roots(), Now: s.now})
}

// press makes a pass with the program's own packages.
func press(t testing.TB, issued *signtest.Issued) []byte {
	t.Helper()
	s := newSpecimen()
	pass := s.files["pass.json"]
	delete(s.files, "pass.json")
	archive, err := sign.NewArchive(s.files, []string{"pass.json"})
	if err != nil {
		t.Fatal(err)
	}
	id, err := issued.Identity()
	if err != nil {
		t.Fatal(err)
	}
	manifest := archive.Manifest([][]byte{pass})
	signatures, err := id.Sign(t.Context(), [][]byte{manifest})
	if err != nil {
		t.Fatal(err)
	}
	return archive.Pack(nil, [][]byte{pass}, manifest, signatures[0])
}
