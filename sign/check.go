package sign

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"
)

const renewHint = "renew it in Apple's developer portal (Certificates, Identifiers & Profiles) and put the new one in its place"

// Check returns everything that makes the identity unfit to sign passes from
// now until the end of a run, joined; nil if nothing does. Each part says what
// the file is, what is needed and what to do, and wraps one of the sentinels.
func (id *Identity) Check(now, until time.Time) error {
	return errors.Join(id.unfit, id.checkTime(now, until))
}

// CheckPass returns what stands between the identity and passes of a type and
// team, as a template names them; an empty name is not checked.
func (id *Identity) CheckPass(typeID, teamID string) error {
	var errs []error
	if has := id.TypeID(); typeID != "" && has != typeID {
		errs = append(errs, id.wrong(ErrTypeID, "is for passes of type %q, but the template asks for %q: "+
			"use the certificate of that type, or change passTypeIdentifier in the template", has, typeID))
	}
	if has := id.TeamID(); teamID != "" && has != teamID {
		errs = append(errs, id.wrong(ErrTeamID, "belongs to team %q, but the template names team %q: "+
			"use a certificate of that team, or change teamIdentifier in the template", has, teamID))
	}
	return errors.Join(errs...)
}

// wrong is an error about the identity's file.
func (id *Identity) wrong(sentinel error, format string, args ...any) error {
	return fmt.Errorf("%s: %w: the certificate %s", id.name, sentinel, fmt.Sprintf(format, args...))
}

// checkFitness returns all that is wrong whatever the time. Of a certificate of
// another kind, no more needs to be said.
func (id *Identity) checkFitness() error {
	if KindOf(id.cert) != KindPass {
		return id.checkPurpose()
	}
	return errors.Join(id.checkKey(), id.checkPurpose(), id.checkNames(), id.checkIssuer())
}

func (id *Identity) checkKey() error {
	if fits(id.cert, id.key) {
		return nil
	}
	return id.wrong(ErrKeyMismatch, "%q is about another key than the one given: "+
		"use the key that the certificate was requested with", id.String())
}

// checkPurpose asks for the two marks of a pass certificate that Apple's
// SecPolicyCreatePassbookCardSigner asks for.
func (id *Identity) checkPurpose() error {
	_, marked := extension(id.cert, oidMarker)
	usable := slices.ContainsFunc(id.cert.UnknownExtKeyUsage, oidPassUsage.Equal)
	var lacks string
	switch {
	case !marked && !usable:
		lacks = fmt.Sprintf("neither the marker extension %v nor the extended key usage %v", oidMarker, oidPassUsage)
	case !marked:
		lacks = fmt.Sprintf("no marker extension %v", oidMarker)
	case !usable:
		lacks = fmt.Sprintf("no extended key usage %v", oidPassUsage)
	default:
		return nil
	}
	return id.wrong(ErrNotPass, "%q is %s and has %s: make a Pass Type ID certificate in Apple's developer portal", id.String(), Describe(id.cert), lacks)
}

func (id *Identity) checkNames() error {
	var errs []error
	typeID, teamID := id.TypeID(), id.TeamID()
	if typeID == "" {
		errs = append(errs, id.wrong(ErrTypeID, "%q names no pass type (no UID in its subject): "+
			"make a Pass Type ID certificate in Apple's developer portal", id.String()))
	}
	if teamID == "" {
		errs = append(errs, id.wrong(ErrTeamID, "%q names no team (no OU in its subject): "+
			"make a Pass Type ID certificate in Apple's developer portal", id.String()))
	}
	if name, marked := marker(id.cert); marked && typeID != "" && name != typeID {
		errs = append(errs, id.wrong(ErrMarker, "is for pass type %q, but its marker extension holds %q, "+
			"so that phones refuse its passes: revoke it and make a new one in Apple's developer portal", typeID, name))
	}
	return errors.Join(errs...)
}

// checkIssuer asks for an intermediate certificate that issued the certificate.
func (id *Identity) checkIssuer() error {
	switch im := id.intermediate; {
	case im == nil:
		return id.wrong(ErrNoIntermediate, "was issued by %q with the key id %x, which is not at hand: "+
			"download that intermediate from %s and name it: with cert import as --intermediate FILE, in a job as certificate: {intermediate: FILE}",
			id.cert.Issuer, id.cert.AuthorityKeyId, authorityPage)
	case !bytes.Equal(im.SubjectKeyId, id.cert.AuthorityKeyId):
		return fmt.Errorf("%s: %w: it holds %q with the key id %x, but the certificate in %s was issued with the key id %x: %s",
			id.intermediateFile(), ErrWrongIntermediate, im.Subject, im.SubjectKeyId, id.name, id.cert.AuthorityKeyId, id.intermediateHint())
	default:
		// This form admits SHA-1, with which Apple issued until 2022.
		if err := im.CheckSignature(id.cert.SignatureAlgorithm, id.cert.RawTBSCertificate, id.cert.Signature); err != nil {
			return id.wrong(ErrWrongIntermediate, "says that %q issued it, but is not signed by it: "+
				"download the certificate again from Apple's developer portal (%v)", im.Subject, err)
		}
	}
	return nil
}

// intermediateFile says where the intermediate certificate is from.
func (id *Identity) intermediateFile() string {
	if id.given != "" {
		return id.given
	}
	return id.name
}

func (id *Identity) intermediateHint() string {
	if issuer(id.cert, embedded()) != nil {
		return "leave intermediate out of the job, the right one is built in"
	}
	return "download that intermediate from " + authorityPage
}

// checkTime returns all that is wrong with the dates between now and until.
func (id *Identity) checkTime(now, until time.Time) error {
	var errs []error
	switch from, to := id.NotBefore(), id.NotAfter(); {
	case now.After(to):
		errs = append(errs, id.wrong(ErrExpired, "expired on %s: %s", date(to), renewHint))
	case now.Before(from):
		errs = append(errs, id.wrong(ErrNotYetValid, "is valid from %s, and this machine's clock says %s: "+
			"set the clock, or wait", date(from), date(now)))
	case until.After(to):
		errs = append(errs, id.wrong(ErrExpiresDuring, "expires on %s, before this run ends (%s): %s", date(to), date(until), renewHint))
	}
	return errors.Join(append(errs, id.checkIntermediateTime(now, until))...)
}

func (id *Identity) checkIntermediateTime(now, until time.Time) error {
	im := id.intermediate
	switch {
	case im == nil:
		return nil
	case until.After(im.NotAfter) || now.After(im.NotAfter):
		return fmt.Errorf("%s: %w: %q expires on %s: renew the pass certificate, and download its intermediate from %s",
			id.intermediateFile(), ErrIntermediateExpired, im.Subject, date(im.NotAfter), authorityPage)
	case now.Before(im.NotBefore):
		return fmt.Errorf("%s: %w: this machine's clock says %s, but the intermediate certificate was issued on %s: set the clock",
			id.intermediateFile(), ErrClock, date(now), date(im.NotBefore))
	}
	return nil
}

func date(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 MST") }
