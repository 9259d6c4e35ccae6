package certapi

import "time"

// How many wrong keys an address may show in a while. The keys can't be guessed;
// this keeps the attempts from costing anything.
const (
	guessesAllowed = 10
	guessesPeriod  = time.Minute
)
