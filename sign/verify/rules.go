package verify

// A rule is what is the same for all findings with a code.
type rule struct {
	severity Severity
	phone    string
	fix      string
}

// Words of phones' logs, as users of other tools reported them.
const (
	logTrust = "The passTypeIdentifier or teamIdentifier provided may not match your certificate, or the certificate trust chain could not be verified."
	logEntry = "No entry in manifest for file …"
	logDate  = "Unable to parse relevantDate … as a date. We expect …"
	logTime  = "Signature must contain a signing date"
	logIcon  = "Pass does not contain icon.png/icon@2x.png/icon@3x.png"
	logSign  = "Manifest signature did not verify"
)

const (
	fixMake  = "make the pass again"
	fixSign  = "sign the pass again, the signature last of all"
	fixChain = "sign with the certificate's own intermediate, from https://www.apple.com/certificateauthority/"
	fixCert  = "make a Pass Type ID certificate in Apple's developer portal and sign with that"
	fixZip   = "make the archive again from the files themselves, without their folder and without files that the system adds"
	fixKeys  = "mend pass.json in the template"
	fixDates = "write dates as 2027-05-31T18:30:00+02:00"
)

// rules holds every code. A code, once released, keeps its meaning.
var rules = map[string]rule{
	"unreadable": {Refused, "", fixMake},

	// The archive.
	"not-a-zip":      {Refused, "", fixMake},
	"too-large":      {Refused, "", "take out what does not belong into a pass"},
	"duplicate-file": {Refused, "", fixZip},
	"bad-path":       {Refused, "", fixZip},
	"top-folder":     {Refused, "", fixZip},
	"stray-file":     {Refused, logEntry, fixZip},
	"unknown-file":   {Warning, "", "take the file out of the template unless a new kind of pass needs it"},
	"file-damaged":   {Refused, "", fixMake},
	"encrypted-file": {Refused, "", "make the archive without a password"},
	"extra-bytes":    {Refused, "", fixMake},

	// The manifest.
	"no-manifest":        {Refused, "", fixSign},
	"manifest-malformed": {Refused, "", fixSign},
	"manifest-duplicate": {Refused, "", fixSign},
	"not-in-manifest":    {Refused, logEntry, fixSign},
	"hash-differs":       {Refused, logSign, fixSign},
	"file-missing":       {Refused, "", fixSign},

	// The signature.
	"no-signature":         {Refused, "", fixSign},
	"signature-malformed":  {Refused, logSign, "sign with CMS in DER form"},
	"not-detached":         {Refused, logSign, "sign without the manifest inside (detached)"},
	"signer-missing":       {Refused, logTrust, "include the pass certificate in the signature"},
	"digest-unsupported":   {Refused, logSign, "sign with SHA-256"},
	"manifest-changed":     {Refused, logSign, fixSign},
	"attribute-order":      {Warning, "", "encode the signed attributes as a DER SET OF; phones take passes without, other readers may not"},
	"content-type":         {Refused, logSign, "sign with the content type data (1.2.840.113549.1.7.1)"},
	"no-signing-time":      {Refused, logTime, "include the signing time once, as a signed attribute"},
	"signing-time-twice":   {Refused, logTime, "include the signing time once, as a signed attribute"},
	"signature-wrong":      {Refused, logSign, fixSign},
	"no-intermediate":      {Refused, logTrust, fixChain},
	"wrong-intermediate":   {Refused, logTrust, fixChain},
	"untrusted":            {Refused, logTrust, "sign with a certificate that Apple issued; if the authority is your own, trust its root (--root FILE)"},
	"signed-too-early":     {Refused, logTrust, "set the clock of the machine that signs"},
	"signed-too-late":      {Refused, logTrust, "renew the certificate, or set the clock of the machine that signs"},
	"chain-not-in-date":    {Refused, logTrust, fixChain},
	"no-marker":            {Refused, logTrust, fixCert},
	"marker-differs":       {Refused, logTrust, "revoke the certificate, and make a new one for this pass type"},
	"no-usage":             {Refused, logTrust, fixCert},
	"type-differs":         {Refused, logTrust, "sign with the certificate of this pass type, or change passTypeIdentifier"},
	"team-differs":         {Refused, logTrust, "sign with a certificate of this team, or change teamIdentifier"},
	"certificate-expired":  {Warning, "", "renew the certificate: phones that have the pass keep it, but no new ones take it"},
	"signed-in-the-future": {Warning, "", "set the clock of the machine that signs"},

	// pass.json and the files beside it.
	"no-pass":        {Refused, "", fixZip},
	"pass-malformed": {Refused, "", fixKeys},
	"duplicate-key":  {Warning, "", fixKeys},
	"key-missing":    {Refused, "", fixKeys},
	"key-type":       {Refused, "", fixKeys},
	"style":          {Refused, "", "keep one of boardingPass, coupon, eventTicket, generic, storeCard, posterGeneric"},
	"bad-date":       {Refused, logDate, fixDates},
	"date-fraction":  {Warning, logDate, "write whole seconds: old systems refuse fractions"},
	"no-icon":        {Refused, logIcon, "add icon@2x.png and icon@3x.png to the template"},
	"image-damaged":  {Refused, "", "save the image as PNG again"},
	"strings":        {Refused, "", "save the file as UTF-8 or UTF-16"},
}
