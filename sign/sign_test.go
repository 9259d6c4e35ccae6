package sign_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.mozilla.org/pkcs7"

	"passmill/sign"
	"passmill/sign/signtest"
	"passmill/sign/verify"
)

func roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(signtest.Shared().Root())
	return pool
}

// passFiles is a small pass that a phone would take.
func passFiles(t testing.TB) *sign.Archive {
	t.Helper()
	a, err := sign.NewArchive(map[string][]byte{"icon.png": onePixel}, []string{"pass.json"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// onePixel is the smallest PNG image.
var onePixel = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00\x3a\x7e\x9b\x55" +
	"\x00\x00\x00\nIDATx\x9cc`\x00\x00\x00\x02\x00\x01\x48\xaf\xa4\x71\x00\x00\x00\x00IEND\xaeB`\x82")

func passJSON(serial int) []byte {
	return fmt.Appendf(nil, `{"formatVersion":1,"passTypeIdentifier":"pass.com.example.pretend","teamIdentifier":"PRETEND123",`+
		`"serialNumber":"%d","organizationName":"Pretend Organization","description":"A card","generic":{}}`, serial)
}

// TestSign has three others verify signatures: sign/verify, openssl, and the
// library that made them.
func TestSign(t *testing.T) {
	for name, o := range map[string]signtest.Options{"RSA": {}, "EC": {EC: true}} {
		t.Run(name, func(t *testing.T) {
			id, a := identity(t, o), passFiles(t)
			var contents, manifests [][]byte
			for i := range 8 {
				contents = append(contents, passJSON(i))
				manifests = append(manifests, a.Manifest([][]byte{contents[i]}))
			}
			signatures, err := id.Sign(t.Context(), manifests)
			if err != nil {
				t.Fatal(err)
			}
			root := write(t, "root.pem", signtest.Shared().RootPEM())
			for i, signature := range signatures {
				data := a.Pack(nil, [][]byte{contents[i]}, manifests[i], signature)
				r := verify.Pass(data, verify.Options{Roots: roots()})
				if len(r.Findings) > 0 {
					t.Errorf("pass %d: verify finds %v", i, r.Findings)
				}
				if since := time.Since(r.SigningTime); since < 0 || since > time.Minute {
					t.Errorf("pass %d: signing time %v is not now", i, r.SigningTime)
				}
				if r := verify.Pass(data, verify.Options{Roots: id.Issuer()}); len(r.Findings) > 0 {
					t.Errorf("pass %d: verify with the issuer alone finds %v", i, r.Findings)
				}
				run(t, "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", write(t, "signature", signature),
					"-content", write(t, "manifest.json", manifests[i]), "-CAfile", root, "-purpose", "any", "-out", write(t, "out", nil))
				checkWithLibrary(t, manifests[i], signature)
			}
		})
	}
}

func checkWithLibrary(t *testing.T, manifest, signature []byte) {
	t.Helper()
	p7, err := pkcs7.Parse(signature)
	if err != nil {
		t.Fatal(err)
	}
	if len(p7.Content) > 0 {
		t.Error("the signature is not detached")
	}
	if n := len(p7.Certificates); n != 2 {
		t.Errorf("the signature holds %d certificates, want the pass's and the intermediate", n)
	}
	if got := p7.Signers[0].DigestAlgorithm.Algorithm; !got.Equal(pkcs7.OIDDigestAlgorithmSHA256) {
		t.Errorf("digest %v, want SHA-256", got)
	}
	p7.Content = manifest
	if err := p7.VerifyWithChain(roots()); err != nil {
		t.Errorf("pkcs7: %v", err)
	}
}

// TestSignConcurrently signs from many goroutines with one identity and packs
// with one archive.
func TestSignConcurrently(t *testing.T) {
	id, a := identity(t, signtest.Options{EC: true}), passFiles(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 10 {
				contents := [][]byte{passJSON(100*i + j)}
				manifest := a.Manifest(contents)
				signatures, err := id.Sign(t.Context(), [][]byte{manifest})
				if err != nil {
					t.Error(err)
					return
				}
				r := verify.Pass(a.Pack(nil, contents, manifest, signatures[0]), verify.Options{Roots: roots()})
				if len(r.Findings) > 0 || r.Serial != fmt.Sprint(100*i+j) {
					t.Errorf("pass %d: serial %s, findings %v", 100*i+j, r.Serial, r.Findings)
				}
			}
		})
	}
	wg.Wait()
}

// TestSignStops checks that a group stops when its context ends.
func TestSignStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := identity(t, signtest.Options{}).Sign(ctx, [][]byte{nil}); !errors.Is(err, context.Canceled) {
		t.Errorf("Sign = %v, want %v", err, context.Canceled)
	}
}

// TestSignUntilExpiry signs until the certificate expires and not once after.
func TestSignUntilExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// In here it is the year 2000.
		authority := must(signtest.NewAuthority(time.Now()))
		issued := must(authority.Issue(signtest.Options{EC: true, NotAfter: time.Now().Add(time.Minute)}))
		id := must(issued.Identity())
		for range 60 {
			if _, err := id.Sign(t.Context(), [][]byte{nil}); err != nil {
				t.Fatalf("%v before it expires: %v", time.Until(id.NotAfter()), err)
			}
			time.Sleep(time.Second)
		}
		time.Sleep(time.Second)
		if _, err := id.Sign(t.Context(), [][]byte{nil}); !errors.Is(err, sign.ErrExpired) {
			t.Errorf("after it expired: %v, want %v", err, sign.ErrExpired)
		}
	})
}

// TestSignAllocations holds the memory of a signature to what was measured.
func TestSignAllocations(t *testing.T) {
	id := identity(t, signtest.Options{})
	manifests := [][]byte{[]byte("{}"), []byte("{}"), []byte("{}"), []byte("{}")}
	n := testing.AllocsPerRun(10, func() {
		if _, err := id.Sign(context.Background(), manifests); err != nil {
			t.Fatal(err)
		}
	})
	if per := n / float64(len(manifests)); per > 255 {
		t.Errorf("%v allocations for each signature, want at most 255", per)
	}
}

// BenchmarkSign signs groups of eight, in turns with the bare operation of the
// key, so that a busy machine slows both alike.
func BenchmarkSign(b *testing.B) {
	for name, o := range map[string]signtest.Options{"RSA": {}, "EC": {EC: true}} {
		b.Run(name, func(b *testing.B) {
			issued := issue(b, o)
			id := must(issued.Identity())
			manifests := make([][]byte, 8)
			for i := range manifests {
				manifests[i] = make([]byte, 500)
			}
			digest := sha256.Sum256(nil)
			var whole, bare time.Duration
			for b.Loop() {
				start := time.Now()
				must(id.Sign(b.Context(), manifests))
				middle := time.Now()
				for range manifests {
					bareSign(issued.Key, digest[:])
				}
				whole += middle.Sub(start)
				bare += time.Since(middle)
			}
			n := float64(8 * b.N)
			b.ReportMetric(float64(bare)/float64(whole), "x-bare")
			b.ReportMetric(float64((whole-bare).Microseconds())/n, "µs-above-bare/sig")
			b.ReportMetric(n/whole.Seconds(), "sigs/s")
			b.ReportMetric(testing.AllocsPerRun(5, func() { must(id.Sign(context.Background(), manifests)) })/8, "allocs/sig")
		})
	}
}

func bareSign(key crypto.Signer, digest []byte) {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		must(rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest))
	case *ecdsa.PrivateKey:
		must(ecdsa.SignASN1(rand.Reader, key, digest))
	}
}
