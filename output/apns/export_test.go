package apns

// Read is read, for tests of answers that no server gives yet.
var Read = read
