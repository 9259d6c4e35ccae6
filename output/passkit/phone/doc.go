// Package phone is a simulated phone, so that updates can be tried, and tested
// by the thousand, without one.
//
// A [Phone] does what a device with Wallet does: it takes a pass if that is
// good, registers with the web service that the pass names, lists what changed
// when a push comes, fetches it unless it has it, judges the new version before it
// takes the place of the old one, says on the lock screen what a person would
// read there, and complains to the web service's log in the words of Apple's
// devices. Each method that speaks to a server is one exchange; [Phone.Add],
// [Phone.Sync], [Phone.Refresh] and [Phone.Remove] put them together and try
// again as a device does, a while and then no more. A [Home] keeps a phone in a
// folder. A [Fleet] is many phones at once, and says which one is left behind.
//
// It knows Apple's protocol, and from pass.json whose pass it is and its fields.
// It does not judge passes itself: whoever makes a phone hands it a [Judge]. It does
// not know how pushes arrive; it is told of each. Where Apple says nothing, such
// as how long a device tries again, the choice is ours and said so in place.
package phone
