// Package link gives passes links, and serves what they open: a page that fits the
// device and the language of whoever looks, and the pass itself.
//
// A code is what stands behind /p/ in a link. A plain one names a pass of the ledger; a
// sealed one carries a whole row, of which the ledger has nothing. Both are encrypted
// and authenticated: who makes one up is told from who has one before anything is
// looked up.
//
// The package knows neither ledger, templates nor certificates: what a code stands
// for, and the pass, come through [Passes]. It sets no cookies, and its pages load
// nothing but themselves.
package link
