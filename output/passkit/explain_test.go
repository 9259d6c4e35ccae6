package passkit_test

import (
	"strings"
	"testing"

	"passmill/output/passkit"
)

// TestExplain: what phones are known to say is understood, for what it is.
func TestExplain(t *testing.T) {
	const task = "Get pass task (pass type pass.com.example.card, serial number 42, if-modified-since (null); with web service url https://passes.example.com/wallet) encountered error: "
	for text, want := range map[string]string{
		"Web service error for pass.com.example.card (https://passes.example.com/wallet): Server returned the pass data for serial number 42 but did not provide a 'last-modified' header": "no-last-modified",
		task + "Unexpected response code 500":                                                    "server-failed",
		task + "Unexpected response code 503":                                                    "server-failed",
		task + "Unexpected response code 401":                                                    "wrong-token",
		task + "Authentication failure":                                                          "wrong-token",
		task + "Unexpected response code 404":                                                    "not-found",
		task + "Unexpected response code 302":                                                    "redirected",
		task + "Unexpected response code 418":                                                    "refused",
		task + "Received invalid pass data (The pass cannot be read because it isn't valid.)":    "bad-pass",
		task + "The request timed out.":                                                          "timed-out",
		task + "Could not connect to the server.":                                                "not-reached",
		task + "An SSL error has occurred and a secure connection to the server cannot be made.": "tls",
		"Response to 'What changed?' request included 1 serial numbers but the lastUpdated tag (e.7) remained the same.":                          "same-tag",
		"Server requested update to serial number '42', but the pass was unchanged.":                                                              "unchanged",
		"Pass does not contain icon.png/icon@2x.png/icon@3x.png":                                                                                  "no-icon",
		"No entry in manifest for file .DS_Store":                                                                                                 "not-in-manifest",
		"Signature must contain a signing date":                                                                                                   "no-signing-time",
		"Manifest signature did not verify":                                                                                                       "bad-signature",
		"Unable to parse relevantDate 2026-11-21 as a date. We expect dates in \"W3C date and time\" format":                                      "bad-date",
		"The passTypeIdentifier or teamIdentifier provided may not match your certificate, or the certificate trust chain could not be verified.": "wrong-certificate",
		"Value Berlin for semantic key venueLocation is not a dictionary":                                                                         "bad-semantics",
		"Failed to validate \"posterEventTicket\" scheme for pass: primaryLogo is missing":                                                        "poster",
		"something that nobody has ever said":                                                                                                     "",
	} {
		e, known := passkit.Explain(text)
		if e.Code != want || known != (want != "") {
			t.Errorf("%s: %q, want %q", text, e.Code, want)
		}
		if known && (e.Means == "" || e.Do == "" || strings.HasSuffix(e.Do, ".") || strings.Contains(e.Means+e.Do, "\n")) {
			t.Errorf("%s: says %+v", text, e)
		}
	}
}
