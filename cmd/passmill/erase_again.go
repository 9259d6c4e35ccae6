package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"passmill/jobs/ledger"
)

// again erases everybody on the list from a ledger that is older.
func (e *erasing) again(ctx context.Context) error {
	written, err := e.list.read()
	if err != nil {
		return err
	}
	standing := written.standing()
	if len(standing) == 0 {
		fmt.Fprintln(e.std.out, "nobody is on the list of people who were erased")
		return nil
	}
	if err := e.sameKey(written); err != nil {
		return err
	}
	set, mails := erasedSet{}, [][32]byte(nil)
	for _, h := range standing {
		if h.Kind == kindMail {
			mails = append(mails, h.Hash)
		}
		set[h.Hash] = true
	}
	var sets [][]ledger.Trace
	found, err := e.db.Trace(ctx, func(r ledger.TraceRow) (bool, error) {
		return set.any(e.key.of(r.Job, r.TypeID, r.Serial, texts(r.Values))), nil
	})
	sets = append(sets, found)
	if err == nil {
		found, err = e.db.TraceProblems(ctx, func(t ledger.Trace) bool { return set[e.key.ofJob(t.Job, t.Serial)] })
		sets = append(sets, found)
	}
	for _, m := range mails {
		if err == nil {
			found, err = e.db.TraceMails(ctx, m)
			sets = append(sets, found)
		}
	}
	if err != nil {
		return err
	}
	if _, err := e.db.Suppress(ctx, "person", mails...); err != nil {
		return err
	}
	who := ledger.Erasure{Receipt: strings.ToLower(rand.Text()), At: time.Now().UTC(), Actor: actor(), Traces: union(sets), Hashes: inLedger(standing)}
	receipt, err := e.db.Erase(ctx, who)
	if err != nil {
		return err
	}
	if err := e.finish(ctx); err != nil {
		return err
	}
	printReceipt(e.std.out, receipt)
	return nil
}

// lift lets somebody come back: what one erasure named comes back together.
func (e *erasing) lift(ctx context.Context, who, job string) error {
	names, types, err := e.db.Ever(ctx)
	if err != nil {
		return err
	}
	if job != "" {
		names = []string{job}
	}
	of := map[[32]byte]bool{e.key.ofAddress(who): true}
	for _, name := range names {
		of[e.key.ofJob(name, who)] = true
	}
	for _, typeID := range types {
		of[e.key.ofType(typeID, who)] = job == ""
	}
	list, err := e.db.Erased(ctx)
	if err != nil {
		return err
	}
	written, err := e.list.read()
	if err != nil {
		return err
	}
	receipts := together(append(list, written.standing()...), of)
	if len(receipts) == 0 {
		return errors.New("nobody was erased who has this serial number or address")
	}
	if err := e.list.lift(e.key.check(), receipts); err != nil {
		return err
	}
	if err := e.db.LiftErased(ctx, receipts...); err != nil {
		return err
	}
	fmt.Fprintf(e.std.out, "lifted: rows and links count again; an address gets mails again after passmill suppress remove\n")
	return nil
}

// together returns the receipts of the hashes, and of all that have one in common with
// these: an erasure that was killed and done again has two.
func together(list []ledger.ErasedHash, of map[[32]byte]bool) (receipts []string) {
	for grown := true; grown; {
		grown = false
		for _, h := range list {
			if of[h.Hash] && !slices.Contains(receipts, h.Receipt) {
				receipts, grown = append(receipts, h.Receipt), true
			}
			if !of[h.Hash] && slices.Contains(receipts, h.Receipt) {
				of[h.Hash], grown = true, true
			}
		}
	}
	return receipts
}

// eraseAgain applies the list of a workspace to a ledger that was just restored.
func eraseAgain(ctx context.Context, std streams, space workspace) error {
	written, err := space.erasedList().read()
	if err != nil || len(written.standing()) == 0 {
		return err
	}
	err = withErasing(ctx, std, space, func(e *erasing) error { return e.again(ctx) })
	if err != nil {
		return fmt.Errorf("the ledger is restored, and people are in it again who were erased: %w\nthen run: passmill erase --again", err)
	}
	return nil
}

type eraseList struct{}

// Run lists the receipts.
func (c *eraseList) Run(ctx context.Context, std streams, all *commands) (err error) {
	_, db, err := openLedger(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	receipts, err := db.Receipts(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "AT\tRECEIPT\tPASSES\tROWS\tFILES\tLINKS\tMAILS\tBY")
	for _, r := range receipts {
		n := r.Counts
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\n", r.At.Local().Format("2006-01-02 15:04"), r.ID, n.Passes, n.Rows, n.Files, n.Links, n.Mails, r.Actor)
	}
	return table.Flush()
}
