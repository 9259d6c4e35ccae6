package verify_test

import (
	"archive/zip"
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"io"
	"testing"
	"time"

	"go.mozilla.org/pkcs7"

	"passmill/sign/signtest"
	"passmill/sign/verify"
)

// benchPass is a pass with 31 KB of images, as [verify] meets by the thousands.
func benchPass(b testing.TB) []byte {
	s := newSpecimen()
	for _, name := range []string{"icon@2x.png", "logo.png", "logo@2x.png", "strip@2x.png"} {
		s.files[name] = append(bytes.Clone(s.files["icon.png"]), make([]byte, 7700)...)
	}
	return s.make(b)
}

// flow is what a program does that verifies with go.mozilla.org/pkcs7: the
// checksums of the archive, the hashes, JSON, and the signature with its chain.
func flow(b testing.TB, data []byte) {
	z := must(zip.NewReader(bytes.NewReader(data), int64(len(data))))
	files := map[string][]byte{}
	for _, f := range z.File {
		r := must(f.Open())
		files[f.Name] = must(io.ReadAll(r))
		r.Close()
	}
	var listed map[string]string
	if err := json.Unmarshal(files["manifest.json"], &listed); err != nil {
		b.Fatal(err)
	}
	for name, want := range listed {
		if sum := sha1.Sum(files[name]); hex.EncodeToString(sum[:]) != want {
			b.Fatal(name)
		}
	}
	var pass map[string]any
	if err := json.Unmarshal(files["pass.json"], &pass); err != nil {
		b.Fatal(err)
	}
	p7 := must(pkcs7.Parse(files["signature"]))
	p7.Content = files["manifest.json"]
	if err := p7.VerifyWithChain(roots()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkPass compares the verifier with the flow around the library and with
// bare RSA signing, in turns, so that a busy machine slows all three alike. The
// goals are 2.5 times the flow and 2 times the signing.
func BenchmarkPass(b *testing.B) {
	data := benchPass(b)
	key := leaf().Key.(*rsa.PrivateKey)
	digest := make([]byte, 32)
	var chains verify.Chains
	o := verify.Options{Roots: roots(), Chains: &chains}
	if r := verify.Pass(data, o); len(r.Findings) > 0 {
		b.Fatal(r.Findings)
	}
	var ours, flows, signs time.Duration
	for b.Loop() {
		ours += timed(func() {
			for range 4 {
				verify.Pass(data, o)
			}
		})
		flows += timed(func() {
			for range 4 {
				flow(b, data)
			}
		})
		signs += timed(func() {
			for range 4 {
				must(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest))
			}
		})
	}
	b.ReportMetric(float64(ours.Microseconds())/4/float64(b.N), "µs/pass")
	b.ReportMetric(float64(flows)/float64(ours), "x-pkcs7-flow")
	b.ReportMetric(float64(signs)/float64(ours), "x-signing")
}

func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// BenchmarkPassAlone is for profiles and allocations.
func BenchmarkPassAlone(b *testing.B) {
	data := benchPass(b)
	var chains verify.Chains
	o := verify.Options{Roots: roots(), Chains: &chains}
	b.ReportAllocs()
	for b.Loop() {
		verify.Pass(data, o)
	}
}

// TestOtherKeys verifies signatures of EC keys and of NFC certificates as the
// program makes them.
func TestOtherKeys(t *testing.T) {
	for name, o := range map[string]signtest.Options{"EC": {EC: true}, "RSA": {Key: leaf().Key}} {
		r := verify.Pass(press(t, must(signtest.Shared().Issue(o))), verify.Options{Roots: roots()})
		if len(r.Findings) > 0 {
			t.Errorf("%s: %v", name, r.Findings)
		}
	}
}
