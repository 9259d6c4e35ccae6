package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The records of the registry of certificates: plain values that the ledger
// keeps and sign/keyring works with. None of them holds a key that is not sealed.

// A Kind is what the certificates of an entry are for.
type Kind string

// The kinds of certificates.
const (
	KindPass Kind = "pass" // signs passes
	KindPush Kind = "push" // authenticates the pushes of a device management
)

// KindMaster is that of master keys, which have no certificate: see [MasterKey].
const KindMaster Kind = "master"

// VendorApple is the vendor of all certificates so far.
const VendorApple = "Apple"

// An Entry is what a certificate and those that renew it have in common: the
// place in the registry that jobs and people name.
type Entry struct {
	ID       string // UUID
	Kind     Kind
	Vendor   string
	Name     string // for people; may be empty
	BaseName string // pass type identifier, or topic of pushes
	TeamID   string // empty for certificates that name none
	Tenant   string // empty for the account's own
	Comment  string
	Contact  string // address that is warned of the expiry
	NFC      bool   // of the certificate that signs now
	Enabled  bool
	Default  bool // for jobs of its tenant that name no certificate
	Created  time.Time
	Updated  time.Time
}

// Title is what to call the entry in a message.
func (e Entry) Title() string {
	if e.Name == "" {
		return e.BaseName
	}
	return e.Name
}

// A VersionState says what the certificate of a version does.
type VersionState string

// The states of versions.
const (
	VersionActive     VersionState = "active"     // signs now
	VersionSuperseded VersionState = "superseded" // was renewed; kept for its history, and its pushes until it expires
)

// A Version is one certificate of an entry.
type Version struct {
	Entry        string // id of the entry
	Certificate  Certificate
	KeyID        string // of the [Key] that fits
	State        VersionState
	Intermediate []byte // DER; empty if the one that this package carries issued the certificate
	Added        time.Time
	AddedBy      string
}

// A Sealed is a private key (PKCS #8) that only a holder of the key-encryption
// key can open.
type Sealed struct {
	Data    []byte
	By      string // id of the key-encryption key
	Version int    // its place in the order of such keys, from 1
}

// A Key is a sealed private key. Until its certificate is there, it waits, and
// Tenant, Name and Contact are what its entry will get.
type Key struct {
	ID        string // [KeyID] of its public key
	Kind      Kind
	BaseName  string // empty if it becomes known with the certificate only
	Tenant    string
	Name      string
	Contact   string
	Algorithm string // "RSA 2048", "EC P-256"
	CSR       []byte // DER; empty if the key came with its certificate
	Sealed    Sealed
	Created   time.Time
	CreatedBy string
}

// MasterKey returns the record of a master key: 32 random bytes from which tokens of
// passes, links and keyed hashes are derived. It is sealed like a private key.
func MasterKey(version int) Key {
	return Key{ID: fmt.Sprintf("%s%d", masterID, version), Kind: KindMaster}
}

const masterID = "master-"

// MasterVersion returns the version of a master key; ok is false for a key that is
// none.
func (k Key) MasterVersion() (version int, ok bool) {
	text, ok := strings.CutPrefix(k.ID, masterID)
	version, err := strconv.Atoi(text)
	return version, ok && err == nil
}

// A SealingKey names the key-encryption key that seals from now on. The zero
// value means that nothing was ever sealed.
type SealingKey struct {
	ID      string
	Version int
}

// An Addition is a certificate on its way into the registry. If there is an
// entry with the same kind, tenant, base name and team, it is renewed: of Entry
// only those four count then, and NFC. Otherwise Entry becomes a new one, and the
// default of its tenant and kind if that has none.
type Addition struct {
	Entry        Entry
	Certificate  Certificate
	Key          Key    // Sealed.Data is empty if the ledger has the key already
	Intermediate []byte // see [Version]
}

// An Event is a line of the audit: who did what with which certificate.
type Event struct {
	Number      int64  // rises from event to event; the ledger gives it
	ID          string // makes writing it twice harmless; made if empty
	At          time.Time
	Actor       string
	Action      Action
	Entry       string // id, or empty
	Certificate string // id, or empty
	Run         int64  // 0 if no run has to do with it
	Job         string
	Detail      string // in words; never a secret, never a value of a row
}

// An Action is what an [Event] says was done.
type Action string

// The actions.
const (
	ActionRequest   Action = "request"    // a key was made, and a signing request
	ActionAdd       Action = "add"        // a certificate came into a new entry
	ActionRenew     Action = "renew"      // a certificate took the place of another
	ActionChange    Action = "change"     // of name, comment, contact, enabled
	ActionDefault   Action = "default"    // the default was moved to the entry
	ActionRemove    Action = "remove"     // the entry went, with its keys
	ActionDiscard   Action = "discard"    // a key that waited was thrown away
	ActionSignBegin Action = "sign-begin" // a run began to sign
	ActionSignEnd   Action = "sign-end"   // a run ended; the counts are in Detail
	ActionReseal    Action = "reseal"     // a new key-encryption key took over
	ActionAlert     Action = "alert"      // somebody was warned of an expiry

	// Of passes, without a certificate.
	ActionPassVoid    Action = "pass-void"    // passes became void; how many is in Detail
	ActionPassExpire  Action = "pass-expire"  // passes were ended
	ActionPassReissue Action = "pass-reissue" // passes became valid again
	ActionRollback    Action = "rollback"     // a run was taken back
)

// EventFilter says which events are asked for, newest first.
type EventFilter struct {
	Entry  string // empty for all
	Before int64  // number of the event to go on before; 0 for the newest
	Limit  int    // 0 for all
}

// A Use says for what a certificate was used: it signed a number of passes of a job,
// made with a template.
type Use struct {
	Certificate string
	Job         string
	Template    string
	Passes      int
}

// Errors of the registry, for callers that branch.
var (
	// ErrNoEntry means that the registry has no such entry, version or key.
	ErrNoEntry = errors.New("not in the registry")
	// ErrDefault means that a default would be left without one.
	ErrDefault = errors.New("the default can only be moved")
	// ErrSealedLater means that the keys in the ledger are sealed with a newer
	// key-encryption key than the one that sealed this.
	ErrSealedLater = errors.New("the key-encryption key was rotated")
	// ErrInUse means that jobs use the certificate.
	ErrInUse = errors.New("in use")
)

// KeyID returns the name of a key: the hexadecimal SHA-256 sum of its public key
// as a certificate holds it.
func KeyID(public crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:]), nil
}

// Algorithm names the kind of a key: "RSA 2048", "EC P-256".
func Algorithm(public crypto.PublicKey) string {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "EC " + key.Params().Name
	}
	return fmt.Sprintf("%T", public)
}
