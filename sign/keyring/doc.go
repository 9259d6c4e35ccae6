// Package keyring keeps certificates and their sealed private keys: it makes
// keys and signing requests, takes in what Apple makes of them, and hands out the
// [sign.Identity] that a job signs with.
//
// A private key exists in the clear only here, and in the identity that signs:
// a [Sealer] opens and closes it, with a key-encryption key that lies in a file or
// the environment and never in the ledger. A [Ring] joins a sealer and a
// [Store], which the ledger is.
//
// The package knows the life of a certificate: asked for, waiting, active,
// renewed, expired; whose it is, and which one is meant when a job names none. It
// does not know jobs, rows, the command line or HTTP; it keeps nothing itself,
// and how an untrusted file is read (in a process of its own) is handed to it.
package keyring
