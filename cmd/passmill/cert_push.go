package main

import (
	"errors"
	"fmt"
	"strings"

	"passmill/sign"
	"passmill/sign/keyring"
)

// pushSteps says what remains to be done for a push certificate: what was made, the
// file of the request, the Apple ID, and the option that names the tenant.
const pushSteps = `%s; its request is in %s

What remains:
  1. Apple's portal takes the request only with the signature of an MDM vendor:
     have the vendor of your device management sign it. (passmill is no vendor, and
     signs no such requests.)
  2. Open https://identity.apple.com/pushcert/ and sign in with the Apple ID %[3]s.
  3. The first time, choose "Create a Certificate". To renew, choose "Renew" beside
     the certificate that there is: so it keeps its topic. With a new topic every
     device has to be enrolled again.
  4. Upload what the vendor has signed, and download the certificate (a file that
     ends in .pem).
  5. Run: passmill cert import --push%[4]s FILE.pem
`

// pushRead says what was read out of a push certificate, to be confirmed by eye:
// vendor, topic, expiry, Apple ID, and where its key is from.
const pushRead = `service: Apple Push Notification service, for device management
vendor:  %s
topic:   %s
valid until %s
Apple ID: %s (is warned before it expires, and renews it)
%s
`

// request is what the command line asks for.
func (c *certRequestCommand) request() (keyring.Request, error) {
	q := keyring.Request{
		Kind: sign.KindPass, BaseName: c.PassType, Email: c.Email + c.AppleID, Tenant: c.Tenant, Name: c.Name, EC: c.EC, New: c.New, NewTopic: c.NewTopic,
	}
	switch {
	case c.Push && c.AppleID == "":
		return q, status{exitUsage, errors.New("--push: name the Apple ID that asks for the certificate, with --apple-id")}
	case c.Push && c.EC:
		return q, status{exitUsage, errors.New("--push: Apple's push certificates have RSA keys; leave out --ec")}
	case !c.Push && (c.AppleID != "" || c.NewTopic):
		return q, status{exitUsage, errors.New("--apple-id and --new-topic are for push certificates; say --push as well, or --email")}
	case c.Push:
		q.Kind = sign.KindPush
	}
	return q, nil
}

// pushFile is how the file of a push certificate's request begins.
func pushFile(tenant string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, tenant)
	if safe == "" {
		return "push"
	}
	return "push-" + safe
}

// tenantOption is the option that names a tenant.
func tenantOption(tenant string) string {
	if tenant == "" {
		return ""
	}
	if pushFile(tenant) != "push-"+tenant {
		return fmt.Sprintf(" --tenant %q", tenant)
	}
	return " --tenant " + tenant
}
