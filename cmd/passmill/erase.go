package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/dir"
)

type eraseCommand struct {
	Person erasePerson `cmd:"" default:"withargs" help:"Erase a person."`
	List   eraseList   `cmd:"" help:"List what was erased, without a word of whom."`
}

type erasePerson struct {
	Email   string `placeholder:"ADDRESS" xor:"who" help:"Everybody of whom any version of a row has this address, in whatever field, or who was mailed to it; the address gets no more mails."`
	Serial  string `placeholder:"SERIAL" xor:"who" help:"Whoever has the pass with this serial number."`
	Lift    string `placeholder:"SERIAL|ADDRESS" xor:"who" help:"Let somebody come back who was erased: rows and links count again. What was erased stays so."`
	Again   bool   `xor:"who" help:"Erase from this ledger everybody on the list of the workspace: after an old copy of it was brought back."`
	Job     string `placeholder:"NAME" help:"With a serial number: of this job only."`
	DryRun  bool   `help:"Say what would be erased, and do nothing."`
	Confirm bool   `help:"Erase. Without it, it is only said what would be."`
	Receipt string `placeholder:"FILE" help:"Write the receipt here, too, as JSON."`
	JSON    bool   `name:"json" help:"Print the receipt as JSON."`
}

// Help is the end of the command's -h.
func (erasePerson) Help() string {
	return "Takes everything that is kept of a person: rows of all runs, passes and their files, bundles, images, links, mails, what phones registered and said. It can't be undone. Counts stay. " +
		"A keyed hash remains, in the ledger and in " + erasedFile + " of the workspace (keep that with your backups): no run, sealed link or restored backup brings the person back. " +
		"A pass on a phone stays there; passmill void before says that it is void. Exit status: 0 done, 1 not done, 2 wrong command line."
}

// An erasing erases people from a ledger.
type erasing struct {
	*restater
	key   erasedKey
	marks *marks
	list  erasedList
	std   streams
}

// withErasing opens what erasing needs, with all jobs locked: a run that has read a row
// would bring it back.
func withErasing(ctx context.Context, std streams, space workspace, f func(*erasing) error) (err error) {
	c, err := openRestater(ctx, space)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.db.Close()) }()
	if _, err := space.keyset(); err != nil {
		return fmt.Errorf("who was erased is kept as a keyed hash: %w", err)
	}
	masters, err := c.ring.Masters(ctx, c.db)
	if err != nil {
		return err
	}
	e := &erasing{restater: c, list: space.erasedList(), std: std}
	if e.key, err = newErasedKey(masters); err != nil {
		return err
	}
	if e.marks, err = newMarks(masters); err != nil {
		return err
	}
	names, _, err := c.db.Ever(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		unlock, lockErr := c.db.LockJob(ctx, name)
		if errors.Is(lockErr, jobs.ErrLocked) {
			return fmt.Errorf("a run of job %q is going on, which may know the person; try again when it has ended; nothing was changed", name)
		}
		if lockErr != nil {
			return lockErr
		}
		defer func() { err = errors.Join(err, unlock()) }()
	}
	return f(e)
}

// Run erases a person.
func (c *erasePerson) Run(ctx context.Context, std streams, all *commands) error {
	c.Email, c.Serial = strings.TrimSpace(c.Email), strings.TrimSpace(c.Serial)
	switch {
	case c.Email == "" && c.Serial == "" && c.Lift == "" && !c.Again:
		return status{exitUsage, errors.New("erase: say whom: --email ADDRESS or --serial SERIAL")}
	case c.Email != "" && !strings.Contains(c.Email, "@"):
		return status{exitUsage, errors.New("--email: is no mail address")}
	case c.Job != "" && c.Serial == "" && c.Lift == "":
		return status{exitUsage, errors.New("--job goes with a serial number")}
	}
	space, err := findWorkspace(".", all.Database)
	if err != nil {
		return err
	}
	return withErasing(ctx, std, space, func(e *erasing) error {
		switch {
		case c.Lift != "":
			return e.lift(ctx, c.Lift, c.Job)
		case c.Again:
			return e.again(ctx)
		}
		return c.erase(ctx, e)
	})
}

func (c *erasePerson) erase(ctx context.Context, e *erasing) error {
	traces, err := e.find(ctx, c)
	if err != nil {
		return err
	}
	hashes, err := e.hashes(ctx, c, traces)
	if err != nil {
		return err
	}
	was, err := e.db.WasErased(ctx, sums(hashes)...)
	if err != nil {
		return err
	}
	if len(traces) == 0 && was { // by this command, which may have been killed before its end
		if c.DryRun {
			fmt.Fprintln(e.std.out, "was erased before")
			return nil
		}
		if err := e.finish(ctx); err != nil {
			return err
		}
		fmt.Fprintln(e.std.out, "was erased before; nothing is left")
		return nil
	}
	if !c.JSON {
		e.announce(traces)
	}
	if c.DryRun {
		return nil
	}
	if !c.Confirm {
		return errors.New("it can't be undone: add --confirm to erase; nothing was changed")
	}
	if err := e.write(hashes); err != nil { // first: from here on nothing brings the person back
		return err
	}
	who := ledger.Erasure{Receipt: hashes[0].Receipt, At: hashes[0].At, Actor: actor(), Traces: traces, Hashes: inLedger(hashes)}
	if c.Email != "" {
		address := e.marks.hash(c.Email)
		who.Address = &address
	}
	receipt, err := e.db.Erase(ctx, who)
	if err != nil {
		return err
	}
	if err := e.finish(ctx); err != nil {
		return fmt.Errorf("%w\nthe person is erased; run the same command again to finish", err)
	}
	return c.tell(e, receipt)
}

// find returns what is of the person.
func (e *erasing) find(ctx context.Context, c *erasePerson) (found []ledger.Trace, err error) {
	var sets [3][]ledger.Trace
	if c.Serial != "" {
		is := func(t ledger.Trace) bool { return t.Serial == c.Serial && (c.Job == "" || t.Job == c.Job) }
		sets[0], err = e.db.Trace(ctx, func(r ledger.TraceRow) (bool, error) { return is(ledger.Trace{Job: r.Job, Serial: r.Serial}), nil })
		if err == nil {
			sets[1], err = e.db.TraceProblems(ctx, is)
		}
		return union(sets[:]), err
	}
	address := foldAddress(c.Email)
	sets[0], err = e.db.Trace(ctx, func(r ledger.TraceRow) (has bool, err error) {
		texts(r.Values)(func(text string) { has = has || foldAddress(text) == address })
		return has, nil
	})
	if err == nil {
		sets[1], err = e.db.TraceMails(ctx, e.marks.hash(c.Email))
	}
	return union(sets[:]), err
}

func union(sets [][]ledger.Trace) (all []ledger.Trace) {
	has := map[ledger.Trace]bool{}
	for _, set := range sets {
		for _, t := range set {
			if !has[t] {
				has[t] = true
				all = append(all, t)
			}
		}
	}
	return all
}

// hashes returns under what the person is known from now on, for one receipt.
func (e *erasing) hashes(ctx context.Context, c *erasePerson, traces []ledger.Trace) (list []ledger.ErasedHash, err error) {
	id, now := strings.ToLower(rand.Text()), time.Now().UTC().Truncate(time.Second)
	add := func(kind string, hash [32]byte) {
		list = append(list, ledger.ErasedHash{Hash: hash, Kind: kind, Receipt: id, At: now})
	}
	if c.Email != "" {
		add(ledger.ErasedAddress, e.key.ofAddress(c.Email))
		add(kindMail, e.marks.hash(c.Email))
	}
	if c.Serial != "" && len(traces) == 0 { // a sealed link that nobody has opened, say
		names, types, err := e.db.Ever(ctx)
		if err != nil {
			return nil, err
		}
		if c.Job != "" {
			names, types = []string{c.Job}, nil
		}
		for _, job := range names {
			add(ledger.ErasedPass, e.key.ofJob(job, c.Serial))
		}
		for _, typeID := range types {
			add(ledger.ErasedPass, e.key.ofType(typeID, c.Serial))
		}
	}
	for _, t := range traces {
		add(ledger.ErasedPass, e.key.ofJob(t.Job, t.Serial))
		passes, err := e.db.PassesBySerial(ctx, []string{t.Serial}, t.Job, "")
		if err != nil {
			return nil, err
		}
		for _, p := range passes {
			add(ledger.ErasedPass, e.key.ofType(p.TypeID, t.Serial))
		}
	}
	if len(list) == 0 {
		return nil, errors.New("the ledger knows no job yet; name one with --job")
	}
	return list, nil
}

func sums(hashes []ledger.ErasedHash) (list [][32]byte) {
	for _, h := range inLedger(hashes) {
		list = append(list, h.Hash)
	}
	return list
}

// inLedger returns those that the ledger keeps as erased; the others it has in its list
// of suppressed addresses.
func inLedger(hashes []ledger.ErasedHash) (list []ledger.ErasedHash) {
	for _, h := range hashes {
		if h.Kind != kindMail {
			list = append(list, h)
		}
	}
	return list
}

// write adds hashes to the list of the workspace.
func (e *erasing) write(hashes []ledger.ErasedHash) error {
	written, err := e.list.read()
	if err != nil {
		return err
	}
	if err := e.sameKey(written); err != nil {
		return err
	}
	return e.list.add(e.key.check(), hashes)
}

func (e *erasing) sameKey(written erasedText) error {
	if written.check == "" || written.check == e.key.check() {
		return nil
	}
	return fmt.Errorf("the hashes in %s were made with a master key that this ledger does not have: it is another ledger, or a copy from before that key; put the file aside, and erase again who is in it", e.list.name)
}

// announce names what is to be erased.
func (e *erasing) announce(traces []ledger.Trace) {
	if len(traces) == 0 {
		fmt.Fprintln(e.std.out, "nothing of the person is in the ledger; erasing keeps it so: no run and no sealed link brings the person in")
		return
	}
	fmt.Fprintf(e.std.out, "%s to erase:\n", count(len(traces), "serial number"))
	for _, t := range traces {
		fmt.Fprintf(e.std.out, "  %s of job %q\n", visible(t.Serial), t.Job)
	}
}

// finish removes the files that are left, makes bundles again without them, and
// overwrites what was deleted. It is safe to repeat.
func (e *erasing) finish(ctx context.Context) error {
	pending, err := e.db.PendingSinks(ctx)
	if err != nil {
		return err
	}
	for _, p := range pending {
		if err := e.tidy(ctx, p); err != nil {
			return fmt.Errorf("tidy %s: %w", p.Sink, err)
		}
	}
	return e.db.Scrub(ctx)
}

func (e *erasing) tidy(ctx context.Context, p ledger.PendingSink) (err error) {
	folder, ok := e.space.sinkFolder(p.Sink)
	if !ok || !exists(folder) {
		fmt.Fprintf(e.std.err, "warning: %s can't be reached from here; files are removed there by the next run of a job into it\n", p.Sink)
		return nil
	}
	into, err := dir.Open(folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, into.Close()) }()
	if p.Job == "" {
		return jobs.Sweep(ctx, e.db, into, p.Sink)
	}
	return e.bundles(ctx, p.Job, p.Sink, into)
}

// tell prints the receipt, and what still holds the person.
func (c *erasePerson) tell(e *erasing, r ledger.Receipt) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if c.Receipt != "" {
		if err := os.WriteFile(c.Receipt, append(text, '\n'), 0o600); err != nil {
			return fmt.Errorf("the person is erased, and the receipt was not written: %w", err)
		}
	}
	if c.JSON {
		fmt.Fprintf(e.std.out, "%s\n", text)
	} else {
		printReceipt(e.std.out, r)
	}
	e.copies()
	return nil
}

func printReceipt(w io.Writer, r ledger.Receipt) {
	n := r.Counts
	fmt.Fprintf(w, "erased: %s, %s, %s, %s, %s, %s; receipt %s\n", count(n.Passes, "pass"), count(n.Rows, "row version"), count(n.Files, "file"),
		count(n.Links, "link"), count(n.Mails, "mail"), count(n.Registrations, "registration"), r.ID)
}

// copies names the copies of the ledger beside it: nothing can be erased from them.
func (e *erasing) copies() {
	if isURL(e.space.database) {
		return
	}
	names, _ := filepath.Glob(filepath.Join(filepath.Dir(e.space.database), filepath.Base(e.space.database)+".*.bak")) // the pattern is a good one
	for _, name := range names {
		fmt.Fprintf(e.std.err, "note: %s is an older copy of the ledger, and may hold the person still; delete it when you need it no more\n", name)
	}
}
