package sign

import "errors"

// Sentinels that say what is wrong with a certificate, for callers that branch.
// Each is wrapped by an error that names the file, what is needed and what to
// do. [Identity.Check] joins all that apply.
var (
	// ErrPassword means that the password does not open the file.
	ErrPassword = errors.New("wrong password")
	// ErrNoKey means that there is no private key with the certificate.
	ErrNoKey = errors.New("no private key")
	// ErrNoLeaf means that a file holds certificates of authorities only.
	ErrNoLeaf = errors.New("not the certificate itself")
	// ErrKeyMismatch means that the private key belongs to another certificate.
	ErrKeyMismatch = errors.New("key does not fit")
	// ErrNotPass means that the certificate is not for signing passes.
	ErrNotPass = errors.New("not a pass certificate")
	// ErrMarker means that the certificate contradicts itself about its pass
	// type: phones refuse what it signs.
	ErrMarker = errors.New("marker holds another name")
	// ErrTypeID means that the certificate has no pass type identifier, or
	// another than the template.
	ErrTypeID = errors.New("wrong pass type")
	// ErrTeamID means that the certificate has no team identifier, or another
	// than the template.
	ErrTeamID = errors.New("wrong team")
	// ErrExpired means that the certificate was valid once.
	ErrExpired = errors.New("expired")
	// ErrNotYetValid means that the certificate will be valid later, or that
	// the clock is wrong.
	ErrNotYetValid = errors.New("not yet valid")
	// ErrExpiresDuring means that the certificate expires before the run ends.
	ErrExpiresDuring = errors.New("expires during the run")
	// ErrNoIntermediate means that Apple's intermediate certificate is
	// missing.
	ErrNoIntermediate = errors.New("no intermediate certificate")
	// ErrWrongIntermediate means that the intermediate certificate is not the
	// one that issued the certificate.
	ErrWrongIntermediate = errors.New("wrong intermediate certificate")
	// ErrIntermediateExpired means that the intermediate certificate was
	// valid once.
	ErrIntermediateExpired = errors.New("intermediate certificate expired")
	// ErrClock means that the clock is before the intermediate certificate
	// was issued, so it is wrong.
	ErrClock = errors.New("wrong clock")
)
