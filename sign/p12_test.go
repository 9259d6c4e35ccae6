package sign_test

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"passmill/sign"
	"passmill/sign/signtest"
)

var (
	oidData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidKeyBag  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 1}
	oidCertBag = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 3}
	oidX509    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 1}
)

// tagged is a value with an explicit tag [0].
type tagged struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

func wrap(kind asn1.ObjectIdentifier, der []byte) tagged {
	return tagged{kind, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: der}}
}

// twoKeys is a PKCS #12 file without a password and with two keys, which no
// program makes willingly.
func twoKeys(t testing.TB, issued *signtest.Issued) []byte {
	t.Helper()
	key := must(x509.MarshalPKCS8PrivateKey(issued.Key))
	cert := must(asn1.Marshal(wrap(oidX509, must(asn1.Marshal(issued.Certificate.Raw)))))
	return unprotected(wrap(oidCertBag, cert), wrap(oidKeyBag, key), wrap(oidKeyBag, key))
}

// unprotected is a PKCS #12 file of some bags.
func unprotected(bags ...tagged) []byte {
	safe := must(asn1.Marshal(must(asn1.Marshal(bags))))
	safes := must(asn1.Marshal([]tagged{wrap(oidData, safe)}))
	return must(asn1.Marshal(struct {
		Version int
		Safe    tagged
	}{3, wrap(oidData, must(asn1.Marshal(safes)))}))
}

// iterationsOf returns where a count of iterations stands in a .p12 that was
// made with it.
func iterationsOf(data []byte, count uint32) (places []int) {
	der := must(asn1.Marshal(int(count)))
	for at := 0; ; {
		i := bytes.Index(data[at:], der)
		if i < 0 {
			return places
		}
		places = append(places, at+i+2)
		at += i + 1
	}
}

// TestIterationBombs writes eight million rounds into each count of iterations
// in turn: the file is refused at once.
func TestIterationBombs(t *testing.T) {
	issued := issue(t, signtest.Options{EC: true})
	const count, bomb = 0x9001, 0x7fffff // of equal length in DER
	for name, encoder := range map[string]*pkcs12.Encoder{"modern": pkcs12.Modern2023, "PBMAC1": pkcs12.Modern2026, "DES": pkcs12.LegacyDES, "RC2": pkcs12.LegacyRC2} {
		data := must(encoder.WithIterations(count).Encode(issued.Key, issued.Certificate, nil, "p"))
		places := iterationsOf(data, count)
		if len(places) != 3 { // of the certificates, the key and the MAC
			t.Fatalf("%s: %d counts of iterations found, want 3", name, len(places))
		}
		for _, place := range places {
			changed := bytes.Clone(data)
			copy(changed[place:], []byte{bomb >> 16, bomb >> 8 & 0xff, bomb & 0xff})
			start := time.Now()
			_, err := sign.Load(material("bomb.p12", changed, "p"))
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("asks for %d rounds of key derivation", bomb)) {
				t.Errorf("%s, count at %d: %v, want it refused", name, place, err)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("%s, count at %d: refused after %v", name, place, took)
			}
		}
	}
}

// TestHugeIterations does the same with numbers that no machine would finish.
func TestHugeIterations(t *testing.T) {
	for _, count := range []any{math.MaxInt32, math.MaxInt64, 1_000_001, 0, -1} {
		type params struct {
			Salt  []byte
			Count any
		}
		type algorithm struct {
			Type   asn1.ObjectIdentifier
			Params any
		}
		for name, alg := range map[string]algorithm{
			"PBE":    {asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 3}, params{[]byte("salt"), count}},
			"PBKDF2": {asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}, []algorithm{{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}, params{[]byte("salt"), count}}}},
			"PBES1":  {asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 10}, params{[]byte("salt"), count}},
		} {
			bag := must(asn1.Marshal(struct {
				Algorithm algorithm
				Data      []byte
			}{alg, make([]byte, 64)}))
			shrouded := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 2}
			start := time.Now()
			_, err := sign.Load(material("bomb.p12", unprotected(wrap(shrouded, bag)), ""))
			if took := time.Since(start); err == nil || took > 10*time.Second {
				t.Errorf("%s with %v: %v after %v, want it refused at once", name, count, err, took)
			}
		}
	}
}

// TestBound checks where the bound lies, without opening what is allowed: that
// takes seconds.
func TestBound(t *testing.T) {
	issued := issue(t, signtest.Options{EC: true})
	const count = 0x9001 // three bytes in DER, as the counts below
	data := must(pkcs12.Modern2023.WithIterations(count).Encode(issued.Key, issued.Certificate, nil, "p"))
	for rounds, allowed := range map[int]bool{1_000_000: true, 1_000_001: false} {
		changed := bytes.Clone(data)
		copy(changed[iterationsOf(data, count)[0]:], []byte{byte(rounds >> 16), byte(rounds >> 8), byte(rounds)})
		if err := sign.BoundP12(changed); (err == nil) != allowed {
			t.Errorf("%d rounds: %v, want allowed to be %v", rounds, err, allowed)
		}
	}
}

// BenchmarkWorstAllowed opens the costliest files that are allowed. The goal is
// less than 15 seconds.
func BenchmarkWorstAllowed(b *testing.B) {
	issued := issue(b, signtest.Options{EC: true})
	for name, encoder := range map[string]*pkcs12.Encoder{"modern": pkcs12.Modern2023, "DES": pkcs12.LegacyDES} {
		data := must(encoder.WithIterations(1_000_000).Encode(issued.Key, issued.Certificate, nil, "p"))
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				must(sign.Load(material("slow.p12", data, "p")))
			}
		})
	}
}

// TestTruncated cuts files at every 16th byte and changes single ones: none of
// them loads as another certificate, and none panics.
func TestTruncated(t *testing.T) {
	issued := issue(t, signtest.Options{EC: true})
	for _, format := range []signtest.Format{signtest.Modern, signtest.LegacyDES, signtest.LegacyRC2} {
		data := must(issued.P12(format, "p"))
		for cut := 0; cut < len(data); cut += 16 {
			if _, err := sign.Load(material("cut.p12", data[:cut], "p")); err == nil {
				t.Errorf("format %d cut at byte %d of %d loads", format, cut, len(data))
			}
		}
		for i := 0; i < len(data); i += 16 {
			changed := bytes.Clone(data)
			changed[i] ^= 0x55
			id, err := sign.Load(material("changed.p12", changed, "p"))
			if err == nil && !bytes.Equal(id.Certificate().DER, issued.Certificate.Raw) {
				t.Errorf("format %d with byte %d changed loads as another certificate", format, i)
			}
		}
	}
}

// FuzzLoad feeds anything to Load: it never panics, and answers in a bounded
// time, so that what the walk over the ASN.1 lets pass is cheap to open.
func FuzzLoad(f *testing.F) {
	issued := must(signtest.Shared().Issue(signtest.Options{EC: true}))
	for _, format := range []signtest.Format{signtest.Modern, signtest.LegacyDES, signtest.LegacyRC2} {
		f.Add(must(issued.P12(format, "p")))
	}
	f.Add(must(pkcs12.Modern2026.Encode(issued.Key, issued.Certificate, nil, "p")))
	f.Add(twoKeys(f, issued))
	f.Add(append(issued.PEM(), must(issued.KeyPEM())...))
	f.Add([]byte("\x30\x80\x02\x01\x03"))
	f.Fuzz(func(t *testing.T, data []byte) {
		start := time.Now()
		id, err := sign.Load(material("fuzz", data, "p"))
		if took := time.Since(start); took > 15*time.Second {
			t.Errorf("took %v", took)
		}
		if (id == nil) == (err == nil) {
			t.Errorf("identity %v and error %v", id, err)
		}
	})
}
