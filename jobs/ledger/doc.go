// Package ledger keeps the books of passmill: every run, row, pass, artefact and
// problem, in a SQLite file or a PostgreSQL database.
//
// It implements [jobs.Snapshot] and [jobs.Book], and it alone knows the tables:
// every SQL statement over them stands here. It does not know what a row's
// values mean, how a pass is pressed, or where a sink lies; to prove itself
// against one, [DB.Fsck] is handed the sink and a function that verifies a pass.
//
// # What holds
//
// Each exported method that writes is one operation that is safe to repeat. It
// runs in explicit transactions, and its rows have natural keys, so an operation
// whose answer was lost is simply done again: when a connection breaks, the
// method itself does so for about half a minute before it gives up.
//
// Two processes never work on one job at a time ([DB.LockJob]). Work on
// different jobs may go on side by side, from several processes and machines if
// the database is PostgreSQL.
//
// A change number is taken under a lock that is held until the transaction ends.
// So a reader that has seen number n has seen everything up to n.
//
// A pass may lie in a sink before the ledger says so: until its chunk is recorded,
// its waiting row is the only word of it. So when a run is given up, each name
// that its waiting rows hold is either put in doubt, if a pass claims it (its
// artefact then counts as missing), or becomes a leftover.
//
// A pass stays with the job that made it first. Its artefacts, one for each sink,
// may be older than it is: each is made again by the next run for its sink.
//
// The registry of certificates keeps private keys only sealed, and can't open
// them. Each change of it writes its line of the audit in the same transaction;
// an event that is there already means that the change is, too. Lines of the audit
// are added and never changed: the database refuses it.
//
// # SQLite
//
// One connection writes, and readers have a few of their own. Each commit is on
// disk when it returns (synchronous=FULL). Lock files stand beside the database;
// they stay, since removing one while others wait for it would let two in.
//
// # PostgreSQL
//
// The tables live in the first schema of the search path. Connections to
// anywhere but this machine must verify the server. Locks are held by sessions:
// a pooler between must keep one session per client.
package ledger
