// Package pretend is a push server that speaks like Apple's, for trials and tests
// without phones. It judges requests as Apple's does, misbehaves as often as it is
// told to, writes down what it was sent, and tells whoever listens for a device
// token that a push for it came, as the real one tells the phone.
//
// # Pushes
//
// POST /3/device/{token} over HTTP/2 and TLS, with a client certificate or a
// provider token (a JWT signed with ES256), answers as Apple's server does: 200, or
// a status with a JSON object that holds a reason, and of 410 a timestamp.
//
// # How a simulated phone hears of pushes
//
//	GET /listen/{token}    pushes for that device token
//	GET /listen            pushes for all tokens: one connection for a whole fleet
//
// Both need no certificate of the client's, work over HTTP/1.1 and HTTP/2, and
// answer 200 with Content-Type application/x-ndjson: one JSON object on each line,
// until the client hangs up or the server ends.
//
//	{"event":"listening"}                                           first: pushes from now on are heard
//	{"event":"push","token":"…","topic":"pass.…","id":"…","at":"…"} a push came
//	{"event":"gone","token":"…","at":"…"}                           the token is dead: a phone would get a new one and register it
//	{"event":"alive"}                                               nothing, every 15 seconds
//
// At is RFC 3339 with milliseconds, id is the apns-id of the push, and token is in
// lower case, however it was written. The last push for a token to which nobody
// listens is kept and told first of all to whoever listens next, unless its
// apns-expiration was 0 or has passed; and of several that one listener could not
// take fast enough it hears the last. So pushes are hints here as well.
//
// # Tokens
//
// Every token of 8 to 200 hexadecimal digits is a living device, until it is killed:
// by a fault, by [Server.Kill], or by DELETE /device/{token}, as when somebody
// removes the pass. A dead token stays dead.
//
// # Counts
//
// GET /counts answers a JSON object with what came so far: connections, pushes,
// answers by status and reason, and pushes to tokens that had been called dead
// before.
//
// # Faults
//
// A share of all pushes meets one of the faults in [Kinds], chosen at random from a
// seed; besides, each connection is told to go away after [Faults.GoAwayEvery]
// pushes. A refusal of the certificate (403) is no such accident and comes only when
// it is asked for.
//
// The package knows Apple's protocol from the server's side. It does not know
// passes, and shares no code with the client that it is there to test.
package pretend
