package verify

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"slices"
	"time"
)

// A Severity says what becomes of a pass with a finding.
type Severity string

// The severities, worst first.
const (
	Refused Severity = "refused" // a phone does not add the pass
	Warning Severity = "warning" // it does, but something is not as it should be
)

// A Finding is one thing that is wrong with a pass.
type Finding struct {
	Code     string // stable and short: "hash-differs"
	Severity Severity
	Message  string // what is wrong, lower case, without a full stop
	Phone    string // the words of the phone's own log, where they are known
	Fix      string // what to do about it, as an imperative
}

// String returns the finding as one line.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s (%s); %s", f.Severity, f.Message, f.Code, f.Fix)
}

// Options say what a pass is measured by. The zero value is right for passes
// that are meant for phones.
type Options struct {
	// Roots holds the certificates that a chain may end in; nil is Apple's
	// root, which this package embeds.
	Roots *x509.CertPool
	// Now is the time by which a certificate is said to have expired; zero is
	// the present. Signatures are judged by their own signing time.
	Now time.Time
	// Chains remembers what was found out about certificates. Share one among
	// many passes to verify them several times as fast; nil remembers nothing.
	Chains *Chains
}

// A Report is the verdict on one pass. What could not be read is zero.
type Report struct {
	Findings []Finding // in the order of the checks; none if the pass is good

	Serial       string // serialNumber
	TypeID       string // passTypeIdentifier
	TeamID       string // teamIdentifier
	Organization string // organizationName
	Description  string // description

	// Files holds what is in the pass, by path, but for files that could not be
	// read and those that systems leave behind.
	Files map[string][]byte

	Manifest    [sha256.Size]byte // SHA-256 of manifest.json as it lies in the archive
	SigningTime time.Time
	Certificate string    // that signed: the hexadecimal SHA-256 sum of its DER form
	Subject     string    // of that certificate
	NotBefore   time.Time // of that certificate
	NotAfter    time.Time
}

// Refused reports whether a phone would refuse the pass.
func (r *Report) Refused() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Severity == Refused })
}

// Pass verifies the bytes of a .pkpass file. It finds everything that is wrong
// at once. Data may be anything at all: memory stays below a hundred megabytes
// and nothing panics.
func Pass(data []byte, o Options) (r *Report) {
	r = &Report{}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	// The parsers below are the standard library's and meet files of
	// strangers: should one of them fail, the file is bad, not this program.
	defer func() {
		if p := recover(); p != nil {
			r.add("unreadable", "the file breaks the check itself: %v", p)
		}
	}()
	b := r.open(data)
	if b == nil {
		return r
	}
	r.Files = b.files
	r.checkManifest(b)
	r.readPass(b)
	r.checkSignature(b, o)
	return r
}

// add notes a finding.
func (r *Report) add(code, format string, args ...any) {
	rule, ok := rules()[code]
	if !ok {
		panic("verify: no rule " + code)
	}
	r.Findings = append(r.Findings, Finding{
		Code:     code,
		Severity: rule.Severity,
		Message:  fmt.Sprintf(format, args...),
		Phone:    rule.Phone,
		Fix:      rule.Fix,
	})
}
