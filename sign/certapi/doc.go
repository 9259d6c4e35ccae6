// Package certapi is the REST API over the registry of certificates: list, add,
// renew, change and remove them, as the wallet services do whose users come here.
//
// It knows HTTP: who asks, what a request may say, and what is answered. An API
// key belongs to the account or to one tenant, and sees the certificates of its
// owner and no others; whose a certificate is, is asked before anything else.
// Requests are read strictly: a member or parameter that is unknown, or comes
// twice, is an error that names it. Neither a private key nor a password is in any
// answer, log or error.
//
// It does not know what a certificate must be like, which sign and sign/keyring
// say, nor where things are kept, nor the server around it: time-outs, TLS and the
// log of requests are the caller's.
package certapi
