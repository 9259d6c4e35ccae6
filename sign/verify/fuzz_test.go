package verify_test

import (
	"archive/zip"
	"bytes"
	"io"
	"slices"
	"testing"
	"time"

	"passmill/sign/verify"
)

// FuzzPass feeds anything to the verifier. Nothing makes it fail, and what it
// does not refuse says what its signer wrote: nobody else can sign.
func FuzzPass(f *testing.F) {
	good := newSpecimen().make(f)
	f.Add(good)
	f.Add(press(f, leaf()))
	f.Add([]byte("PK\x05\x06" + string(make([]byte, 18))))
	want := passJSON(good)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, o := range []verify.Options{{Roots: roots()}, {}} {
			r := verify.Pass(data, o)
			if slices.Contains(codes(r), "unreadable") {
				t.Fatalf("the check itself broke: %v", r.Findings)
			}
			if !r.Refused() && !bytes.Equal(want, passJSON(data)) {
				t.Errorf("a pass that nobody signed is not refused: %v", r.Findings)
			}
		}
	})
}

func passJSON(data []byte) []byte {
	return must(io.ReadAll(must(must(zip.NewReader(bytes.NewReader(data), int64(len(data)))).Open("pass.json"))))
}

// TestFlips changes each byte of a pass, in three ways. What is not refused
// must be one of the few bytes that mean nothing.
func TestFlips(t *testing.T) {
	good := newSpecimen().make(t)
	want := passJSON(good)
	var chains verify.Chains
	passed := 0
	for i := range good {
		for _, flip := range []byte{1, 0x20, 0xff} {
			data := bytes.Clone(good)
			data[i] ^= flip
			r := verify.Pass(data, verify.Options{Roots: roots(), Chains: &chains})
			if slices.Contains(codes(r), "unreadable") {
				t.Fatalf("byte %d: %v", i, r.Findings)
			}
			if r.Refused() {
				continue
			}
			passed++
			if !bytes.Equal(want, passJSON(data)) {
				t.Errorf("byte %d of %d changed by %x: another pass is not refused", i, len(good), flip)
			}
		}
	}
	// Times, versions and attributes in the zip headers.
	if limit := len(good) / 4; passed > limit {
		t.Errorf("%d changes are not refused, want at most %d", passed, limit)
	}
	t.Logf("%d of %d changes are not refused", passed, 3*len(good))
}

// TestChainsForget checks that strangers cannot fill the memory.
func TestChainsForget(t *testing.T) {
	var chains verify.Chains
	data := newSpecimen().make(t)
	for range 200 {
		if r := verify.Pass(data, verify.Options{Roots: roots().Clone(), Chains: &chains}); len(r.Findings) > 0 {
			t.Fatal(r.Findings)
		}
	}
	if n := chains.Len(); n > 64 {
		t.Errorf("%d chains are remembered, want at most 64", n)
	}
}

// TestChains checks that what is remembered of a certificate changes no verdict
// and is not mixed up between certificates, roots and times.
func TestChains(t *testing.T) {
	var chains verify.Chains
	for _, c := range tampers {
		s := newSpecimen()
		c.do(s)
		data := s.make(t)
		fresh := codes(verify.Pass(data, verify.Options{Roots: roots(), Now: s.now}))
		for range 2 {
			known := codes(verify.Pass(data, verify.Options{Roots: roots(), Now: s.now, Chains: &chains}))
			if !slices.Equal(fresh, known) {
				t.Errorf("%s/%s: %v with a memory, %v without", c.code, c.name, known, fresh)
			}
		}
		verify.Pass(data, verify.Options{Chains: &chains}) // Apple's root knows none of them
	}
	r := verify.Pass(newSpecimen().make(t), verify.Options{Chains: &chains, Now: time.Now()})
	if !slices.Contains(codes(r), "untrusted") {
		t.Errorf("a pretend pass is held against Apple's root: %v, want untrusted", r.Findings)
	}
}
