package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"passmill/sign/signtest"
)

// The bounds of every answer to a hostile file.
const (
	hostileTime   = 10 * time.Second
	hostileMemory = 128 << 20
)

// A hostileFile is a .p12 that means harm, and its password.
type hostileFile struct {
	data     []byte
	password string
}

// TestHostileP12 hands forty hostile files to passmill cert import: each answer
// comes in time, within the memory, and nothing is kept.
func TestHostileP12(t *testing.T) {
	files := hostileFiles(t)
	if len(files) < 40 {
		t.Errorf("%d files, want 40", len(files))
	}
	s := newSandbox(t, 0, "")
	if out, err := s.command(nil, "key", "init").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.write("wwdr.pem", string(signtest.Shared().IntermediatePEM()))
	s.write("empty", "")
	slowest, largest := time.Duration(0), 0
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			s.write("hostile.p12", string(file.data))
			s.write("hostile.txt", file.password+"\n")
			cmd := s.command(nil, "cert", "import", "--dry-run", "--intermediate", "wwdr.pem", "--password-file", "hostile.txt", "hostile.p12")
			var output bytes.Buffer
			cmd.Stdout, cmd.Stderr = &output, &output
			start := time.Now()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			memory := peakOf(cmd.Process.Pid)
			err := cmd.Wait()
			took, out := time.Since(start), output.String()
			slowest, largest = max(slowest, took), max(largest, memory)
			harmless := strings.HasPrefix(name, "allowed") // slow, but a certificate all the same
			if err == nil && !harmless || err != nil && cmd.ProcessState.ExitCode() != exitNotDone {
				t.Errorf("got %v\n%s", err, out)
			}
			if err != nil && (!strings.Contains(out, "hostile.p12") || strings.Contains(out, "goroutine ")) {
				t.Errorf("the message does not name the file: %s", out)
			}
			if took > hostileTime || memory > hostileMemory {
				t.Errorf("took %v and %d MiB", took, memory>>20)
			}
		})
	}
	t.Logf("%d files: at most %v and %d MiB", len(files), slowest.Round(time.Millisecond), largest>>20)
	if code, stdout, _ := s.run("--database", s.path("passmill.db"), "cert", "list"); code != exitDone || !strings.Contains(stdout, "no certificates yet") {
		t.Errorf("something was kept: %s", stdout)
	}
}

func hostileFiles(t *testing.T) map[string]hostileFile {
	issued, err := signtest.Shared().Issue(signtest.Options{EC: true})
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]hostileFile{}
	counts(t, files, issued)
	hidden(t, files, issued)
	key, cert := mustDER(x509.MarshalPKCS8PrivateKey(issued.Key)), certBag(issued.Certificate.Raw)
	bags := func(password string, list ...any) hostileFile { return hostileFile{plainP12(list...), password} }
	good := mustDER(issued.P12(signtest.Modern, "p"))
	files["without a MAC"] = bags("p", cert, tagged(oidKeyBag, key))
	files["two keys"] = bags("", cert, tagged(oidKeyBag, key), tagged(oidKeyBag, key))
	files["no key"] = bags("", cert)
	files["no certificate"] = bags("", tagged(oidKeyBag, key))
	files["200 bags"] = bags("", slices.Repeat([]any{cert}, 200)...)
	files["200 keys"] = bags("", slices.Repeat([]any{tagged(oidKeyBag, key)}, 200)...)
	files["bags of nothing"] = bags("", slices.Repeat([]any{tagged(oidKeyBag, nil)}, 200)...)
	files["nested"] = hostileFile{nested(good, 200), "p"}
	files["cut"] = hostileFile{good[:len(good)/2], "p"}
	files["head alone"] = hostileFile{[]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 2, 1, 3}, "p"}
	files["endless"] = hostileFile{append([]byte{0x30, 0x80, 2, 1, 3}, bytes.Repeat([]byte{0x30, 0x80}, 30_000)...), "p"}
	files["too large"] = hostileFile{append(bytes.Clone(good), make([]byte, 64<<10)...), "p"}
	files["zeros"] = hostileFile{make([]byte, 60_000), "p"}
	files["changed"] = hostileFile{scratched(good), "p"}
	files["empty password"] = hostileFile{good, ""}
	files["wrong password"] = hostileFile{good, strings.Repeat("x", 1000)}
	files["long password"] = hostileFile{good, strings.Repeat("x", 5000)}
	for name, count := range map[string]any{"2^31-1": math.MaxInt32, "2^63-1": math.MaxInt64, "none": 0, "negative": -1} {
		files["PBE "+name] = hostileFile{shrouded(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 3}, kdf{[]byte("salt"), count}), ""}
		files["PBES2 "+name] = hostileFile{shrouded(oidPBES2, pbes2(count, 0)), ""}
	}
	files["scrypt"] = hostileFile{shrouded(oidPBES2, []any{algorithm{asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}, []any{[]byte("salt"), 1 << 30, 8, 1}}}), ""}
	files["long key"] = hostileFile{shrouded(oidPBES2, pbes2(2048, math.MaxInt32)), ""}
	return files
}

// counts writes eight million rounds, and the million that is allowed, into each
// count of each form of file.
func counts(t *testing.T, files map[string]hostileFile, issued *signtest.Issued) {
	const count = 0x9001 // three bytes in DER, as the others
	der := mustDER(asn1.Marshal(count))
	for form, encoder := range map[string]*pkcs12.Encoder{"modern": pkcs12.Modern2023, "PBMAC1": pkcs12.Modern2026, "DES": pkcs12.LegacyDES, "RC2": pkcs12.LegacyRC2} {
		data := mustDER(encoder.WithIterations(count).Encode(issued.Key, issued.Certificate, nil, "p"))
		parts := bytes.Split(data, der)
		if len(parts) != 4 {
			t.Fatalf("%s: %d counts of iterations found, want 3", form, len(parts)-1)
		}
		for i := range 3 {
			bomb := bytes.Clone(data)
			at := len(bytes.Join(parts[:i+1], der))
			copy(bomb[at+2:], []byte{0x7f, 0xff, 0xff})
			files[fmt.Sprintf("%s, count %d", form, i)] = hostileFile{bomb, "p"}
		}
	}
	files["allowed million"] = hostileFile{mustDER(pkcs12.Modern2023.WithIterations(1_000_000).Encode(issued.Key, issued.Certificate, nil, "p")), "p"}
}

// hidden puts a key with very many rounds into the encrypted part of a file,
// where nobody sees them without the password.
func hidden(t *testing.T, files map[string]hostileFile, issued *signtest.Issued) {
	for name, count := range map[string]int{"2^31-1": math.MaxInt32, "50 million": 50_000_000} {
		bag := tagged(oidShroudedBag, mustDER(asn1.Marshal(struct {
			Algorithm algorithm
			Data      []byte
		}{algorithm{oidPBES2, pbes2(count, 0)}, make([]byte, 64)})))
		safe := mustDER(asn1.Marshal([]any{certBag(issued.Certificate.Raw), bag}))
		files["hidden "+name] = hostileFile{p12(encryptedSafe(t, safe)), ""}
	}
}

// encryptedSafe encrypts bags under the empty password (RFC 7292, section 4.1).
func encryptedSafe(t *testing.T, safe []byte) any {
	key, err := pbkdf2.Key(sha1.New, "", []byte("saltsalt"), 2048, 32) // SHA-1 is what the form means if it says nothing
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	pad := aes.BlockSize - len(safe)%aes.BlockSize
	safe = append(bytes.Clone(safe), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(safe, safe)
	params := []any{
		algorithm{oidPBKDF2, kdf{[]byte("saltsalt"), 2048}},
		algorithm{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, make([]byte, aes.BlockSize)},
	}
	content := struct {
		Version int
		Info    struct {
			Type      asn1.ObjectIdentifier
			Algorithm algorithm
			Data      asn1.RawValue
		}
	}{}
	content.Info.Type = oidData
	content.Info.Algorithm = algorithm{oidPBES2, params}
	content.Info.Data = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, Bytes: safe}
	return tagged(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 6}, mustDER(asn1.Marshal(content)))
}

var (
	oidData        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidKeyBag      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 1}
	oidShroudedBag = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 2}
	oidCertBag     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 3}
	oidX509        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 1}
	oidPBES2       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
)

type algorithm struct {
	Type   asn1.ObjectIdentifier
	Params any
}

type kdf struct {
	Salt  []byte
	Count any
}

// pbes2 are the parameters of PBES2 with so many rounds, and a length of the key
// if that is not 0.
func pbes2(count any, length int) []any {
	derivation := []any{[]byte("salt"), count}
	if length > 0 {
		derivation = append(derivation, length)
	}
	return []any{
		algorithm{oidPBKDF2, derivation},
		algorithm{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, make([]byte, aes.BlockSize)},
	}
}

// tagged is a value with its type, under an explicit tag [0].
func tagged(kind asn1.ObjectIdentifier, der []byte) any {
	return struct {
		Type  asn1.ObjectIdentifier
		Value asn1.RawValue
	}{kind, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: der}}
}

func certBag(der []byte) any {
	return tagged(oidCertBag, mustDER(asn1.Marshal(tagged(oidX509, mustDER(asn1.Marshal(der))))))
}

// p12 is a file without a MAC around safes.
func p12(safes ...any) []byte {
	return mustDER(asn1.Marshal(struct {
		Version int
		Safe    any
	}{3, tagged(oidData, mustDER(asn1.Marshal(mustDER(asn1.Marshal(safes)))))}))
}

// plainP12 is one around bags that nothing protects.
func plainP12(bags ...any) []byte {
	return p12(tagged(oidData, mustDER(asn1.Marshal(mustDER(asn1.Marshal(bags))))))
}

// shrouded is one with an encrypted key of those parameters.
func shrouded(kind asn1.ObjectIdentifier, params any) []byte {
	return plainP12(tagged(oidShroudedBag, mustDER(asn1.Marshal(struct {
		Algorithm algorithm
		Data      []byte
	}{algorithm{kind, params}, make([]byte, 64)}))))
}

// nested wraps data in so many sequences.
func nested(data []byte, depth int) []byte {
	for range depth {
		data = mustDER(asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: data}))
	}
	return mustDER(asn1.Marshal(struct {
		Version int
		Rest    asn1.RawValue
	}{3, asn1.RawValue{FullBytes: data}}))
}

// scratched spoils every hundredth byte.
func scratched(data []byte) []byte {
	data = bytes.Clone(data)
	for i := 50; i < len(data); i += 100 {
		data[i] ^= 0x55
	}
	return data
}

func mustDER(der []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return der
}
