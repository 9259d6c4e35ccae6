package sign_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passmill/sign"
)

// constantFiles has as many bytes of images as a usual template, and a text.
func constantFiles() map[string][]byte {
	image := make([]byte, 6200)
	for i := range image {
		image[i] = byte(i * i >> 3)
	}
	files := map[string][]byte{"de.lproj/pass.strings": []byte(strings.Repeat("\"hello\" = \"Hallo\";\n", 40))}
	for _, name := range []string{"icon.png", "icon@2x.png", "logo.png", "logo@2x.png", "strip@2x.png"} {
		files[name] = append([]byte(name), image...)
	}
	return files
}

func newArchive(t testing.TB) *sign.Archive {
	t.Helper()
	a, err := sign.NewArchive(constantFiles(), []string{"pass.json", "en.lproj/pass.strings"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// files reads an archive with the standard library.
func files(t testing.TB, data []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if got[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
	}
	return got
}

// TestArchive packs a pass and reads it with three other readers.
func TestArchive(t *testing.T) {
	a := newArchive(t)
	contents := [][]byte{[]byte(`{"serialNumber":"1"}`), []byte("\"x\" = \"ü\";")}
	manifest := a.Manifest(contents)
	data := a.Pack([]byte("before"), contents, manifest, []byte("signature"))
	data, ok := bytes.CutPrefix(data, []byte("before"))
	if !ok {
		t.Fatal("Pack did not append")
	}

	want := constantFiles()
	want["pass.json"], want["en.lproj/pass.strings"] = contents[0], contents[1]
	hashes := map[string]string{}
	for name, content := range want {
		sum := sha1.Sum(content)
		hashes[name] = hex.EncodeToString(sum[:])
	}
	want["manifest.json"], want["signature"] = manifest, []byte("signature")
	if diff := cmp.Diff(want, files(t, data)); diff != "" {
		t.Errorf("archive/zip reads other contents (-want +got):\n%s", diff)
	}
	sorted, err := json.Marshal(hashes)
	if err != nil {
		t.Fatal(err)
	}
	if string(manifest) != string(sorted) {
		t.Errorf("manifest\n got %s\nwant %s", manifest, sorted)
	}

	file := filepath.Join(t.TempDir(), "a.pkpass")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "unzip", "-tq", file)
	script := `import sys, zipfile, warnings
warnings.simplefilter("error")
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
for i in z.infolist():
    assert i.date_time == (1980, 1, 1, 0, 0, 0), i
    assert i.flag_bits == 0x800 and i.create_system == 3 and i.external_attr >> 16 == 0o100644, i
    assert i.compress_type == (zipfile.ZIP_DEFLATED if i.filename.startswith("de.lproj") else zipfile.ZIP_STORED), i`
	run(t, "python3", "-c", script, file)
}

// run runs a program that must be on the machine: a test that was skipped for
// the lack of it would prove nothing.
func run(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return out
}

// TestArchiveNames checks that paths which a phone refuses never get in.
func TestArchiveNames(t *testing.T) {
	for _, name := range []string{
		"", "/icon.png", "../icon.png", "a/../../icon.png", "a//b.png", "./icon.png", "icon.png/", `de.lproj\icon.png`, "..", ".",
		".DS_Store", "de.lproj/.DS_Store", "__MACOSX/icon.png", "Thumbs.db", "manifest.json", "signature", "pass.json",
		"bad\xff.png", "new\nline.png", `quote".png`, strings.Repeat("x", 300),
	} {
		if _, err := sign.NewArchive(map[string][]byte{name: nil}, []string{"pass.json"}); err == nil {
			t.Errorf("a constant file %q is accepted", name)
		}
		if _, err := sign.NewArchive(nil, []string{"pass.json", name}); err == nil {
			t.Errorf("a dynamic file %q is accepted", name)
		}
	}
	_, err := sign.NewArchive(map[string][]byte{".a": nil, ".b": nil}, nil)
	if err == nil || !strings.Contains(err.Error(), `".a"`) || !strings.Contains(err.Error(), `".b"`) {
		t.Errorf("two wrong names: got %v, want both named", err)
	}
}

// TestSame checks that a pass is known again, and that one that differs in any
// byte is not.
func TestSame(t *testing.T) {
	a, err := sign.NewArchive(map[string][]byte{"icon.png": []byte("icon")}, []string{"pass.json"})
	if err != nil {
		t.Fatal(err)
	}
	contents := [][]byte{[]byte(`{"a":1}`)}
	manifest := a.Manifest(contents)
	data := a.Pack(nil, contents, manifest, []byte("the signature"))
	if sig, ok := a.Same(data, contents, manifest); !ok || string(sig) != "the signature" {
		t.Fatalf("Same(its own) = %q, %v", sig, ok)
	}
	for i := range data {
		for _, flip := range []byte{1, 0x80, 0xff} {
			data[i] ^= flip
			if _, ok := a.Same(data, contents, manifest); ok {
				t.Errorf("Same is true with byte %d of %d changed by %x", i, len(data), flip)
			}
			data[i] ^= flip
		}
	}
	for cut := range len(data) {
		if _, ok := a.Same(data[:cut], contents, manifest); ok {
			t.Errorf("Same is true of the first %d of %d bytes", cut, len(data))
		}
	}
	if _, ok := a.Same(append(data, 0), contents, manifest); ok {
		t.Error("Same is true with a byte more")
	}
	other := [][]byte{[]byte(`{"a":2}`)}
	if _, ok := a.Same(data, other, a.Manifest(other)); ok {
		t.Error("Same is true of another pass")
	}
}

// FuzzArchive packs any contents: archive/zip reads back exactly them, and Same
// knows them until a byte is changed.
func FuzzArchive(f *testing.F) {
	f.Add([]byte("icon"), []byte("text"), []byte(`{}`), []byte("sig"), uint(7))
	f.Add([]byte{}, []byte{}, []byte{}, []byte{}, uint(0))
	f.Add([]byte("PK\x05\x06"), []byte("PK\x01\x02"), []byte("PK\x05\x06"+strings.Repeat("\x00", 18)), []byte("PK\x05\x06"), uint(99))
	f.Fuzz(func(t *testing.T, image, text, pass, signature []byte, at uint) {
		a, err := sign.NewArchive(map[string][]byte{"icon.png": image, "de.lproj/pass.strings": text}, []string{"pass.json"})
		if err != nil {
			t.Fatal(err)
		}
		contents := [][]byte{pass}
		manifest := a.Manifest(contents)
		data := a.Pack(nil, contents, manifest, signature)
		got := files(t, data)
		for name, want := range map[string][]byte{"icon.png": image, "de.lproj/pass.strings": text, "pass.json": pass, "manifest.json": manifest, "signature": signature} {
			if !bytes.Equal(got[name], want) {
				t.Errorf("%s reads back as %q, want %q", name, got[name], want)
			}
		}
		if sig, ok := a.Same(data, contents, manifest); !ok || !bytes.Equal(sig, signature) {
			t.Errorf("Same does not know its own: %v, signature %q, want %q", ok, sig, signature)
		}
		data[at%uint(len(data))] ^= 1
		if _, ok := a.Same(data, contents, manifest); ok {
			t.Errorf("Same is true with byte %d of %d changed", at%uint(len(data)), len(data))
		}
	})
}

// TestBundle checks contents, limits and readers of a .pkpasses file.
func TestBundle(t *testing.T) {
	var buf bytes.Buffer
	if err := sign.WriteBundle(&buf, []string{"1.pkpass", "2.pkpass"}, [][]byte{[]byte("one"), []byte("two")}); err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{"1.pkpass": []byte("one"), "2.pkpass": []byte("two")}
	if diff := cmp.Diff(want, files(t, buf.Bytes())); diff != "" {
		t.Errorf("bundle (-want +got):\n%s", diff)
	}
	file := filepath.Join(t.TempDir(), "a.pkpasses")
	if err := os.WriteFile(file, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "unzip", "-tq", file)

	eleven := make([][]byte, sign.MaxBundlePasses+1)
	names := make([]string, len(eleven))
	for i := range names {
		names[i] = strings.Repeat("x", i+1)
	}
	for what, err := range map[string]error{
		"eleven passes":  sign.WriteBundle(io.Discard, names, eleven),
		"no pass":        sign.WriteBundle(io.Discard, nil, nil),
		"two of a name":  sign.WriteBundle(io.Discard, []string{"a", "a"}, eleven[:2]),
		"too many bytes": sign.WriteBundle(io.Discard, []string{"a"}, [][]byte{make([]byte, sign.MaxBundleBytes+1)}),
	} {
		if err == nil {
			t.Errorf("a bundle of %s is written", what)
		}
	}
}

// BenchmarkArchive measures what a pass costs besides filling and signing, with
// 31 KB of images.
func BenchmarkArchive(b *testing.B) {
	a := newArchive(b)
	contents := [][]byte{bytes.Repeat([]byte(`{"key":"value"},`), 100), []byte("\"x\" = \"y\";")}
	signature := make([]byte, 2800)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = a.Pack(buf[:0], contents, a.Manifest(contents), signature)
	}
}

func BenchmarkArchiveSame(b *testing.B) {
	a := newArchive(b)
	contents := [][]byte{bytes.Repeat([]byte(`{"key":"value"},`), 100), []byte("\"x\" = \"y\";")}
	manifest := a.Manifest(contents)
	data := a.Pack(nil, contents, manifest, make([]byte, 2800))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := a.Same(data, contents, manifest); !ok {
			b.Fatal("not the same")
		}
	}
}
