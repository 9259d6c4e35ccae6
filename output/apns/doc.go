// Package apns tells phones, by Apple's push server, that passes have changed.
//
// A push for passes holds nothing: an empty JSON object, whose topic is the pass
// type identifier. The phone then asks the web service what is new. So a push is a
// hint: one for a device and pass type, however many passes changed, and sent again
// without harm.
//
// [Client] speaks to the server for one pass type, over very few connections that
// stay open, since Apple takes many short ones for an attack. What came of a push is
// an [Answer] with one of four verdicts; the most important difference is that
// between a device that is gone and a sender that is refused: the second must not
// cost a single token.
//
// [Sender] takes from an [Outbox] what is due, keeps to a pace and to the quiet hours
// of jobs, and writes down what became of it.
//
// # How passes are pushed
//
// Apple's page on pass updates says: an empty payload, the production server, and the
// certificate that signed the pass. It says nothing of the headers that came later.
// apns-push-type is background, which those report to work who send it, and which is
// true: nothing is shown; with it Apple demands apns-priority 5. apns-expiration is a
// day ahead, after which this package would push again anyway, so that a phone that
// is off hears of it when it is on. Nothing is collapsed, since Apple keeps one push
// for a pass type anyway. A provider token (a .p8 key) works too, by reports and not
// by Apple's page, so certificates are the default.
//
// The package knows Apple's protocol and when to try again. It does not know passes,
// phones, databases, or where certificates come from.
package apns
