package sign

import (
	"context"
	"crypto/rsa"
	"fmt"
	"time"

	"go.mozilla.org/pkcs7"

	"passmill/jobs/fault"
)

// Sign returns a detached signature, CMS SignedData in DER, for each manifest:
// with SHA-256, the signing time that phones ask for, the certificate and the
// intermediate. All of them are returned, or none.
//
// It signs nothing if the identity is unfit or the clock is outside of the
// certificates' validity; the error then wraps a sentinel as that of
// [Identity.Check] does. It stops between two signatures when ctx ends. It is
// safe for concurrent use.
func (id *Identity) Sign(ctx context.Context, manifests [][]byte) (signatures [][]byte, err error) {
	if err := fault.Point("sign"); err != nil {
		return nil, err
	}
	if err := id.checkNow(); err != nil {
		return nil, err
	}
	signatures = make([][]byte, len(manifests))
	for i, manifest := range manifests {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if signatures[i], err = id.sign(manifest); err != nil {
			return nil, fmt.Errorf("sign with %s: %w", id.name, err)
		}
	}
	// The time is taken inside, so the clock is looked at on both sides of it:
	// a phone refuses a signing time outside of the validity.
	if err := id.checkNow(); err != nil {
		return nil, err
	}
	return signatures, nil
}

func (id *Identity) checkNow() error {
	if id.unfit != nil {
		return id.unfit
	}
	now := time.Now()
	return id.checkTime(now, now)
}

// sign makes one signature: by the stencil if the key is an RSA key, as Apple's
// are. crypto/rsa verifies its own result, so there is no second check here.
func (id *Identity) sign(manifest []byte) ([]byte, error) {
	key, ok := id.key.(*rsa.PrivateKey)
	if !ok {
		return id.encode(manifest)
	}
	s, err := id.stencil()
	if err != nil {
		return nil, err
	}
	return s.sign(key, manifest, time.Now())
}

// encode makes one signature from nothing. An object of the library can make
// just one: what it is made of is hashed and encoded inside.
func (id *Identity) encode(manifest []byte) ([]byte, error) {
	sd, err := pkcs7.NewSignedData(manifest)
	if err != nil {
		return nil, err
	}
	sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256) // the default is SHA-1
	if err := sd.AddSigner(id.cert, id.key, pkcs7.SignerInfoConfig{}); err != nil {
		return nil, err
	}
	sd.AddCertificate(id.intermediate)
	sd.Detach()
	return sd.Finish()
}
