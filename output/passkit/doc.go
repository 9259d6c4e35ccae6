// Package passkit is Apple's pass web service: what phones ask for to keep their passes
// up to date. They register, ask which of their passes changed, fetch those, unregister,
// and say what they don't like.
//
// It knows HTTP and the protocol: who may ask for what, in which form, how often, and
// what is answered. Passes that are fetched it keeps for a while, so that none is made
// twice for a rush of phones.
//
// It does not know where devices and passes are kept, nor how a pass is made, which
// [Store] and [Maker] stand for, nor the server around it: TLS, time-outs and the log
// of requests are the caller's.
package passkit
