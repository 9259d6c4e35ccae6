package passkit

import "regexp"

// An Explanation says what a line of a phone means, and what to do about it.
type Explanation struct {
	Code  string `json:"code"` // stable and short
	Means string `json:"means"`
	Do    string `json:"do"`
}

// Explain explains a line that a phone has sent to the log.
func Explain(text string) (e Explanation, known bool) {
	for i := range sayings {
		if sayings[i].says.MatchString(text) {
			return sayings[i].Explanation, true
		}
	}
	return Explanation{}, false
}

// A saying is how phones begin to say something. Versions of iOS differ in the rest.
type saying struct {
	says *regexp.Regexp
	Explanation
}

func says(pattern, code, means, do string) saying {
	return saying{regexp.MustCompile(`(?i)` + pattern), Explanation{code, means, do}}
}

const (
	checkProxy = "let the proxy before the server pass on everything below the path of publicURL and /wallet, with its headers, to passmill serve"
	verifyIt   = "run passmill verify on the pass: it says what a phone refuses, and why"
	readLog    = "look for this time in the log of passmill serve"
)

// sayings are what phones are known to say; the first that fits counts.
var sayings = []saying{
	// About the exchange with the server.
	says(`did not (provide|include) a '?last-modified`, "no-last-modified", "the pass came without a Last-Modified header, so the phone can't ask whether it has changed",
		"something on the way took the header out: "+checkProxy),
	says(`response code 401|authentication failure`, "wrong-token", "the server did not take the phone's token for this pass",
		"see that the proxy passes on the header Authorization; if it does, the pass was made for another ledger, or before updates: true: send it to its owner again"),
	says(`response code 403`, "too-many-devices", "as many devices have this pass as one pass may have",
		"give each person a pass of his own, with a serial number of its own"),
	says(`response code 404`, "not-found", "the server knows no such address", checkProxy),
	says(`response code 413`, "body-too-large", "the server, or a proxy before it, found the request too large", checkProxy),
	says(`response code 429`, "too-often", "requests of this kind came too often from the phone's address",
		"if a proxy is before the server, say its address with --proxy; without that all phones count as one"),
	says(`response code 5\d\d`, "server-failed", "the server failed, or the proxy before it", readLog+"; an expired certificate is the most common cause: passmill cert check"),
	says(`response code 3\d\d`, "redirected", "the request was sent elsewhere, where phones don't follow", "let publicURL be the address that answers itself, and make the passes again"),
	says(`response code \d+`, "refused", "the server, or the proxy before it, gave an answer that phones don't expect here", readLog),
	says(`lastUpdated tag .*remained the same`, "same-tag", "passes were named as changed, but with the tag that the phone knew",
		"nothing of this program's does that: see what else answers at this address"),
	says(`did not (provide|include) a lastUpdated tag|lastUpdated tag .*not a string`, "no-tag", "the list of changed passes came without a tag",
		"nothing of this program's does that: see what else answers at this address"),
	says(`pass was unchanged`, "unchanged", "the phone was told that the pass has changed, but had this version already",
		"nothing, if it is rare: the phone was told twice, or had fetched it just before"),
	says(`unregistered serial number`, "unregistered", "the phone was told of a pass that it has no longer", "nothing: the pass was removed while the push was on its way"),
	says(`timed out`, "timed-out", "the server took too long to answer", readLog+"; if it is not there, the phone did not reach it"),
	says(`could not connect|cannot connect|connection was lost|appears to be offline|hostname could not be found`, "not-reached", "the phone did not reach the server",
		"see that publicURL can be reached from the Internet; if only a few phones say so, their network was bad"),
	says(`\b(SSL|TLS)\b|certificate for this server`, "tls", "the phone did not trust the certificate of the server",
		"see with openssl s_client -connect HOST:443 that the server, or the proxy, sends a certificate that is in date and the whole chain"),

	// About the pass that it got.
	says(`does not contain icon|missing icon|no icon`, "no-icon", "the pass has no icon", "put icon.png, icon@2x.png and icon@3x.png into the template"),
	says(`no entry in manifest`, "not-in-manifest", "the pass holds a file that its manifest does not name", "something changed the file after it was signed: "+verifyIt),
	says(`signing date|signing time`, "no-signing-time", "the signature does not say when it was made", "the pass was not signed by this program: "+verifyIt),
	says(`signature did not verify|signature (is )?not valid|invalid signature`, "bad-signature", "the signature is not that of this pass, or its certificate is not trusted",
		"something changed the file after it was signed, or the certificate was revoked: "+verifyIt),
	says(`may not match your certificate|trust chain could not be verified`, "wrong-certificate", "pass type or team are not the certificate's, or the chain up to Apple is not whole",
		"passmill cert check says which; "+verifyIt),
	says(`as a date`, "bad-date", "a date in the pass has no form that phones read", "let the field have the type date or datetime in template.yaml: such dates are written as phones want them"),
	says(`semantic key`, "bad-semantics", "a value below semantics has not the type that it must have", verifyIt),
	says(`posterEventTicket`, "poster", "the pass asks for the poster event ticket, and lacks what that needs", "add what it needs, or take posterEventTicket out of preferredStyleSchemes of the template; "+verifyIt),
	says(`invalid pass data|invalid data`, "bad-pass", "what came was no pass that the phone reads", verifyIt+"; if it finds nothing, see what the proxy sends in place of the pass"),
}
