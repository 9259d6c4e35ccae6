package verify

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"time"
)

// checkSignature verifies the signature over the manifest and everything that
// it rests on.
func (r *Report) checkSignature(b *bundle, o Options) {
	der, ok := b.files["signature"]
	if !ok {
		if !b.has("signature") {
			r.add("no-signature", "the pass has no signature")
		}
		return
	}
	sd, err := parseCMS(der)
	if err != nil {
		r.add("signature-malformed", "the signature is not CMS signed data: %v", err)
		return
	}
	attrs, err := sd.Signers[0].attributes()
	if err != nil {
		r.add("signature-malformed", "the signature cannot be read: %v", err)
		return
	}
	r.SigningTime = attrs.time
	r.checkAttributes(sd, attrs)
	hash, ok := digestOf(&sd.Signers[0])
	if !ok {
		r.add("digest-unsupported", "the signature uses the digest %v, not SHA-1 or SHA-256", sd.Signers[0].Digest.Algorithm)
		return
	}
	// Without a manifest that can be read there is nothing to compare with,
	// and that was reported.
	if manifest, ok := b.files["manifest.json"]; ok && !bytes.Equal(attrs.digest, sum(hash, manifest)) {
		r.add("manifest-changed", "manifest.json is not what was signed: its digest is another")
	}
	r.checkSigner(sd, attrs, hash, o)
}

// checkSigner verifies the signature proper, and the certificate that made it.
func (r *Report) checkSigner(sd *signedData, attrs *signedAttributes, hash crypto.Hash, o Options) {
	c, err := o.Chains.find(sd, o.Roots)
	if err != nil {
		r.add("signature-malformed", "the certificates in the signature cannot be read: %v", err)
		return
	}
	if c.leaf == nil {
		r.add("signer-missing", "the certificate that signed is not in the signature")
		return
	}
	if err := verifySignature(c.leaf.PublicKey, hash, sum(hash, attrs.der), sd.Signers[0].Signature); err != nil {
		r.add("signature-wrong", "the signature does not fit the key of %q: %v", c.subject, err)
	}
	r.checkChain(c, attrs, o.Now)
	r.checkNames(c)
}

// checkAttributes checks the form of the signature and its signed attributes, but
// for the digest.
func (r *Report) checkAttributes(sd *signedData, attrs *signedAttributes) {
	if len(sd.Content.Content.FullBytes) > 0 {
		r.add("not-detached", "the signature holds a copy of what is signed")
	}
	if !attrs.sorted {
		r.add("attribute-order", "the signed attributes do not stand in the order of DER")
	}
	if !attrs.content.Equal(oidData) || !sd.Content.Type.Equal(oidData) {
		r.add("content-type", "the content type is %v and its signed attribute %v, not data", sd.Content.Type, attrs.content)
	}
	switch {
	case attrs.times == 0:
		r.add("no-signing-time", "the signature does not say when it was made")
	case attrs.times > 1:
		r.add("signing-time-twice", "the signature says %d times when it was made", attrs.times)
	}
}

// digestOf returns the hash of a signer. Genuine passes use either.
func digestOf(s *signerInfo) (crypto.Hash, bool) {
	switch {
	case s.Digest.Algorithm.Equal(oidSHA256):
		return crypto.SHA256, true
	case s.Digest.Algorithm.Equal(oidSHA1):
		return crypto.SHA1, true
	}
	return 0, false
}

func sum(hash crypto.Hash, data []byte) []byte {
	if hash == crypto.SHA1 {
		s := sha1.Sum(data) // genuine passes of some years ago
		return s[:]
	}
	s := sha256.Sum256(data)
	return s[:]
}

// verifySignature verifies with the kind of the key: what the signer names as
// algorithm is not needed, and so cannot mislead.
func verifySignature(key crypto.PublicKey, hash crypto.Hash, digest, signature []byte) error {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, hash, digest, signature)
	case *ecdsa.PublicKey:
		if !ecdsa.VerifyASN1(key, digest, signature) {
			return errors.New("ECDSA verification failed")
		}
		return nil
	}
	return errors.New("keys of this kind are not known")
}

// checkChain checks the way from the signer's certificate to a root, at the
// time of signing.
func (r *Report) checkChain(c *chain, attrs *signedAttributes, now time.Time) {
	leaf := c.leaf
	r.Certificate, r.Subject, r.NotBefore, r.NotAfter = c.id, c.subject, leaf.NotBefore, leaf.NotAfter
	if c.code != "" {
		r.add(c.code, "%s", c.message)
	}
	if attrs.times > 0 {
		r.checkDatesAt(c, attrs.time)
		if attrs.time.After(now.Add(time.Hour)) {
			r.add("signed-in-the-future", "the signature says that it was made on %s", date(attrs.time))
		}
	}
	if now.After(leaf.NotAfter) {
		r.add("certificate-expired", "the certificate that signed expired on %s", date(leaf.NotAfter))
	}
}

func (r *Report) checkDatesAt(c *chain, at time.Time) {
	switch leaf := c.leaf; {
	case at.Before(leaf.NotBefore):
		r.add("signed-too-early", "the pass was signed on %s, before its certificate became valid on %s", date(at), date(leaf.NotBefore))
	case at.After(leaf.NotAfter):
		r.add("signed-too-late", "the pass was signed on %s, after its certificate expired on %s", date(at), date(leaf.NotAfter))
	}
	for _, cert := range c.above {
		if at.Before(cert.NotBefore) || at.After(cert.NotAfter) {
			r.add("chain-not-in-date", "the pass was signed on %s, but %q is valid from %s to %s",
				date(at), cert.Subject, date(cert.NotBefore), date(cert.NotAfter))
		}
	}
}

// checkNames compares pass.json with the certificate, as Apple's
// SecPolicyCreatePassbookCardSigner does: the marker and the user id are the
// pass type, the organizational unit is the team.
func (r *Report) checkNames(c *chain) {
	if !c.usage {
		r.add("no-usage", "the certificate %q lacks the extended key usage %v", r.Subject, oidPassUsage)
	}
	if !c.marked {
		r.add("no-marker", "the certificate %q lacks the marker of pass certificates, %v", r.Subject, oidMarker)
	}
	if r.TypeID != "" && c.typeID != r.TypeID {
		r.add("type-differs", "pass.json names the pass type %q, the certificate %q", short(r.TypeID), short(c.typeID))
	}
	if c.marked && c.typeID != "" && c.marker != c.typeID {
		r.add("marker-differs", "the certificate is for pass type %q, but its marker holds %q", short(c.typeID), short(c.marker))
	}
	if r.TeamID != "" && c.teamID != r.TeamID {
		r.add("team-differs", "pass.json names the team %q, the certificate %q", short(r.TeamID), short(c.teamID))
	}
}

func date(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 MST") }
