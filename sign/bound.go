package sign

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
)

// What a PKCS #12 file may ask for. Iterations are spent before the password is
// known to be right, so a file of 800 bytes could keep a core busy for half an
// hour. openssl and Keychain write 1 to 10,000.
const (
	maxIterations  = 1_000_000
	maxDerivations = 8
	maxDepth       = 48
	maxNodes       = 20_000
)

var (
	oidPBE    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1} // arc of RFC 7292, appendix C
	oidPKCS5  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5}     // arc of RFC 8018
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBMAC1 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 14}
	oidScrypt = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11} // RFC 7914
)

var errDamaged = errors.New("is damaged: export it again")

// boundP12 refuses a PKCS #12 file that would cost too much to open. It walks
// all of the file that can be read without the password and looks at the
// iteration count of every key derivation: those of the encrypted safes, of the
// shrouded keys and of the MAC.
func boundP12(data []byte) error {
	var pfx struct {
		Version  int
		AuthSafe asn1.RawValue
		Mac      asn1.RawValue `asn1:"optional"`
	}
	// The file is read with the same package that the library uses, so that
	// both see the same thing.
	if _, err := asn1.Unmarshal(data, &pfx); err != nil {
		return errDamaged
	}
	w := walker{}
	if err := w.walk(data, 0); err != nil {
		return err
	}
	return w.macIterations(pfx.Mac)
}

// A walker visits ASN.1 values and counts what it finds.
type walker struct{ nodes, derivations int }

// walk visits the values that stand in data one after the other. Where they end
// being readable it stops without an error: so does the library.
func (w *walker) walk(data []byte, depth int) error {
	if depth > maxDepth {
		return errors.New("is nested too deeply for a .p12 file")
	}
	for len(data) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(data, &v)
		if err != nil {
			return nil
		}
		if w.nodes++; w.nodes > maxNodes {
			return errors.New("has too many parts for a .p12 file")
		}
		if err := w.visit(v, depth); err != nil {
			return err
		}
		data = rest
	}
	return nil
}

// visit looks at one value and into it: structures hold values, and so do the
// octet strings in which PKCS #12 wraps its safes.
func (w *walker) visit(v asn1.RawValue, depth int) error {
	if v.IsCompound {
		if err := w.derivation(v); err != nil {
			return err
		}
		return w.walk(v.Bytes, depth+1)
	}
	if len(v.Bytes) > 0 && v.Bytes[0] == asn1.TagSequence|0x20 {
		return w.walk(v.Bytes, depth+1)
	}
	return nil
}

// derivation checks a value that is an AlgorithmIdentifier of a key derivation:
// its parameters are a salt and an iteration count, and more.
func (w *walker) derivation(v asn1.RawValue) error {
	var kind asn1.ObjectIdentifier
	params, err := asn1.Unmarshal(v.Bytes, &kind)
	if err != nil || !derives(kind) {
		return nil
	}
	if kind.Equal(oidScrypt) {
		return errors.New("protects its key with scrypt, which is not supported: export it again with openssl pkcs12 -export")
	}
	var seq, salt asn1.RawValue
	if _, err := asn1.Unmarshal(params, &seq); err != nil {
		return errDamaged
	}
	count, err := asn1.Unmarshal(seq.Bytes, &salt)
	if err != nil {
		return errDamaged
	}
	return w.iterations(count)
}

// derives reports whether an algorithm derives a key by iterating. PBES2 and
// PBMAC1 do not themselves: the derivation stands in their parameters.
func derives(kind asn1.ObjectIdentifier) bool {
	if kind.Equal(oidPBES2) || kind.Equal(oidPBMAC1) {
		return false
	}
	return under(kind, oidPBE) || under(kind, oidPKCS5) || kind.Equal(oidScrypt)
}

func under(kind, arc asn1.ObjectIdentifier) bool {
	return len(kind) == len(arc)+1 && kind[:len(arc)].Equal(arc)
}

// macIterations checks the count in MacData, the third member (RFC 7292,
// section 4); it is 1 if absent.
func (w *walker) macIterations(mac asn1.RawValue) error {
	rest := mac.Bytes
	for range 2 { // digest, salt
		var skip asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &skip); err != nil {
			return nil // no MAC
		}
	}
	if len(rest) == 0 {
		return nil
	}
	return w.iterations(rest)
}

// iterations checks the count that der begins with.
func (w *walker) iterations(der []byte) error {
	var n *big.Int
	if _, err := asn1.Unmarshal(der, &n); err != nil {
		return errDamaged
	}
	if n.Sign() < 1 {
		return errDamaged
	}
	if n.Cmp(big.NewInt(maxIterations)) > 0 {
		return fmt.Errorf("asks for %v rounds of key derivation: at most %d are allowed; export it again", n, maxIterations)
	}
	if w.derivations++; w.derivations > maxDerivations {
		return fmt.Errorf("asks for more than %d key derivations: export the one certificate with its key", maxDerivations)
	}
	return nil
}
