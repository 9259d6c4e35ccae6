package verify

import "sync"

// A Rule is what is the same for all findings with a code.
type Rule struct {
	Code     string
	Severity Severity
	Phone    string // the words of the phone's own log, where they are known
	Fix      string // what to do about it, as an imperative
	What     string // what is asked of a pass, as a sentence without a full stop
	Source   string // who says so
}

// Words of phones' logs, as users of other tools reported them.
const (
	logTrust = "The passTypeIdentifier or teamIdentifier provided may not match your certificate, or the certificate trust chain could not be verified."
	logEntry = "No entry in manifest for file …"
	logTime  = "Signature must contain a signing date"
	logSign  = "Manifest signature did not verify"
)

// Who asks for it.
const (
	sourceArchive   = "Apple: Building a pass"
	sourceManifest  = "Apple: Building a pass"
	sourceSignature = "Apple's Security source: SecPolicyCreatePassbookCardSigner, tp_verifyPassbookSigningOpts"
	sourceTime      = "a phone's log; Apple's Security source"
	sourceJSON      = "Apple: Pass; RFC 8259"
	sourceBounds    = "passmill's own bound; Apple: at most 150 MB in a bundle"
	sourceReports   = "users' reports of other tools"
	sourceWalt      = "RFC 5652; walt.id's report of passes that readers refuse"
	sourceOwn       = "what readers of such files need"
)

const (
	fixMake  = "make the pass again"
	fixSign  = "sign the pass again, the signature last of all"
	fixChain = "sign with the certificate's own intermediate, from https://www.apple.com/certificateauthority/"
	fixCert  = "make a Pass Type ID certificate in Apple's developer portal and sign with that"
	fixZip   = "make the archive again from the files themselves, without their folder and without files that the system adds"
)

// Rules holds every code, in the order of the checks. A code, once released,
// keeps its meaning.
var Rules = []Rule{
	{"unreadable", Refused, "", fixMake, "the file can be read at all", sourceOwn},

	// The archive.
	{"not-a-zip", Refused, "", fixMake, "the file is a whole zip archive", sourceArchive},
	{"too-large", Refused, "", "take out what does not belong into a pass", "the archive and its files are of a pass's size", sourceBounds},
	{"duplicate-file", Refused, "", fixZip, "no file stands in the archive twice", sourceOwn},
	{"bad-path", Refused, "", fixZip, "paths are short, relative, and stay inside the pass", sourceReports},
	{"top-folder", Refused, "", fixZip, "the files lie at the top of the archive", sourceReports},
	{"stray-file", Refused, logEntry, fixZip, "no hidden or system's file is in the archive", sourceArchive},
	{"file-damaged", Refused, "", fixMake, "each file can be unpacked whole", sourceOwn},
	{"encrypted-file", Refused, "", "make the archive without a password", "no file is encrypted", sourceOwn},
	{"extra-bytes", Refused, "", fixMake, "nothing stands before or after the archive", sourceOwn},

	// The manifest.
	{"no-manifest", Refused, "", fixSign, "a pass has a manifest.json", sourceManifest},
	{"manifest-malformed", Refused, "", fixSign, "manifest.json is a JSON object", sourceManifest},
	{"manifest-duplicate", Refused, "", fixSign, "manifest.json lists each file once", sourceManifest},
	{"not-in-manifest", Refused, logEntry, fixSign, "each file is listed in manifest.json", sourceManifest},
	{"hash-differs", Refused, logSign, fixSign, "each file is what was signed", sourceManifest},
	{"file-missing", Refused, "", fixSign, "each file that manifest.json lists is there", sourceManifest},

	// The signature.
	{"no-signature", Refused, "", fixSign, "a pass has a signature", sourceSignature},
	{"signature-malformed", Refused, logSign, "sign with CMS in DER form", "the signature is CMS in DER form", sourceSignature},
	{"not-detached", Refused, logSign, "sign without the manifest inside (detached)", "the signature doesn't hold the manifest", sourceManifest},
	{"signer-missing", Refused, logTrust, "include the pass certificate in the signature", "the signature holds the certificate that signed", sourceSignature},
	{"digest-unsupported", Refused, logSign, "sign with SHA-256", "the signature uses SHA-256 or SHA-1", sourceSignature},
	{"manifest-changed", Refused, logSign, fixSign, "manifest.json is what was signed", sourceSignature},
	{"attribute-order", Warning, "", "encode the signed attributes as a DER SET OF; phones take passes without, other readers may not", "the signed attributes are in the order of DER", sourceWalt},
	{"content-type", Refused, logSign, "sign with the content type data (1.2.840.113549.1.7.1)", "the signed content type is data", sourceSignature},
	{"no-signing-time", Refused, logTime, "include the signing time once, as a signed attribute", "the signature says when it was made", sourceTime},
	{"signing-time-twice", Refused, logTime, "include the signing time once, as a signed attribute", "the signature says it once", sourceTime},
	{"signature-wrong", Refused, logSign, fixSign, "the signature is that of the certificate", sourceSignature},
	{"no-intermediate", Refused, logTrust, fixChain, "the signature holds the intermediate certificate", sourceSignature},
	{"wrong-intermediate", Refused, logTrust, fixChain, "the intermediate is the one that issued the certificate", sourceSignature},
	{"untrusted", Refused, logTrust, "sign with a certificate that Apple issued; if the authority is your own, trust its root (--root FILE)", "the certificates lead to Apple's root", sourceSignature},
	{"signed-too-early", Refused, logTrust, "set the clock of the machine that signs", "the certificate was valid already at the time of signing", sourceSignature},
	{"signed-too-late", Refused, logTrust, "renew the certificate, or set the clock of the machine that signs", "the certificate was valid still at the time of signing", sourceSignature},
	{"chain-not-in-date", Refused, logTrust, fixChain, "the other certificates were valid at the time of signing", sourceSignature},
	{"no-marker", Refused, logTrust, fixCert, "the certificate is one for passes", sourceSignature},
	{"marker-differs", Refused, logTrust, "revoke the certificate, and make a new one for this pass type", "the certificate's marker holds the pass type", sourceSignature},
	{"no-usage", Refused, logTrust, fixCert, "the certificate may sign passes", sourceSignature},
	{"type-differs", Refused, logTrust, "sign with the certificate of this pass type, or change passTypeIdentifier", "the certificate is of the pass type that pass.json names", sourceSignature},
	{"team-differs", Refused, logTrust, "sign with a certificate of this team, or change teamIdentifier", "the certificate is of the team that pass.json names", sourceSignature},
	{"certificate-expired", Warning, "", "renew the certificate: phones that have the pass keep it, but no new ones take it", "the certificate has not expired since", sourceReports},
	{"signed-in-the-future", Warning, "", "set the clock of the machine that signs", "the signature was not made in the future", sourceOwn},

	// pass.json, as far as it says whose pass it is.
	{"no-pass", Refused, "", fixZip, "a pass has a pass.json", sourceArchive},
	{"pass-malformed", Refused, "", "mend pass.json in the template", "pass.json is a JSON object", sourceJSON},
}

var rules = sync.OnceValue(func() map[string]*Rule {
	all := make(map[string]*Rule, len(Rules))
	for i := range Rules {
		all[Rules[i].Code] = &Rules[i]
	}
	return all
})
