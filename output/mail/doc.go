// Package mail sends mails by SMTP, one at a time, and says what became of each.
//
// Of a mail that was sent there are three answers: the server took it, refused
// it, or nobody knows, since the connection broke after the mail's end was
// written and before the answer came. The third must never look like one of the
// others, so a caller can write down that it may be so before the end is written
// (see [Server.Send]), and this package keeps the end apart from the rest of the
// mail on the wire.
//
// A connection is encrypted and the server's name verified, or the server is this
// very machine and somebody said in so many words that it needs none. Addresses
// and headers that could mean two things are refused.
//
// The package knows messages and servers. It does not know what a mail is about,
// whether it was sent before, or when to try again.
package mail
