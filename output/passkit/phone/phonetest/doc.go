// Package phonetest is the seeded simulation that looks for lost updates: many
// phones and some writers meet a web service in random order, over a network that
// loses what it carries, with clocks that jump, transactions that commit late,
// restarts, and backups that are restored. [Run] fails if in the end a living phone
// holds another version than the newest, or if phones fetch for ever.
//
// What is tested is a [World]: a web service and its database, whichever they
// are. [Memory] is one in memory, with control of what happens between two of its
// steps. It is right, and can be made wrong in the ways in which other servers are
// wrong: that tests the simulation.
//
// The phones are those of package phone, with their own judgement of what to ask
// for. It does not know how pushes are sent; a world says to whom they are due.
package phonetest
