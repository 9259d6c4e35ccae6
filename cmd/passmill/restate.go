package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/dir"
	"passmill/sign"
	"passmill/sign/keyring"
)

// confirmAbove is how many passes a command changes without asking for a confirmation.
const confirmAbove = 100

// restateOptions are what void, expire and reissue have in common.
type restateOptions struct {
	choiceOptions
	DryRun  bool `help:"Say what would be done, and do nothing."`
	Confirm int  `placeholder:"COUNT" help:"Needed above 100 passes: how many they are."`
	JSON    bool `help:"Print the summary as one JSON object."`
}

type voidCommand struct {
	restateOptions
}

type expireCommand struct {
	restateOptions
	At string `placeholder:"TIME" help:"When they end: 2026-12-31, the end of that day here, or 2026-12-31T18:00:00+01:00 (default: now)."`
}

type reissueCommand struct {
	restateOptions
}

const restateHelp = "Phones hear of it, and the files in the output of the job are pressed again. Exit status: 0 done, 1 not done, 2 wrong command line, 3 some serial numbers were passed over, or some files could not be pressed again yet."

// Help is the end of the command's -h.
func (voidCommand) Help() string {
	return restateHelp + " A void pass stays void whatever its row says, until passmill reissue."
}

// Help is the end of the command's -h.
func (expireCommand) Help() string {
	return restateHelp + " An expired pass stays so whatever its row says, until passmill reissue."
}

// Help is the end of the command's -h.
func (reissueCommand) Help() string { return restateHelp }

// Run makes passes void.
func (c *voidCommand) Run(ctx context.Context, std streams, all *commands) error {
	return c.restate(ctx, std, all, jobs.Standing{State: jobs.StandingVoided})
}

// Run lets passes end.
func (c *expireCommand) Run(ctx context.Context, std streams, all *commands) error {
	at, err := c.ends(time.Now())
	if err != nil {
		return status{exitUsage, err}
	}
	return c.restate(ctx, std, all, jobs.Standing{State: jobs.StandingExpired, Ends: at})
}

// Run makes passes valid again.
func (c *reissueCommand) Run(ctx context.Context, std streams, all *commands) error {
	return c.restate(ctx, std, all, jobs.Standing{State: jobs.StandingValid})
}

// ends reads --at.
func (c *expireCommand) ends(now time.Time) (time.Time, error) {
	if c.At == "" {
		return now.Truncate(time.Second), nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, c.At, time.Local); err == nil {
		return day.AddDate(0, 0, 1).Add(-time.Second), nil
	}
	at, err := time.Parse(time.RFC3339, c.At)
	if err != nil {
		return at, fmt.Errorf("--at: %q is no time; write 2026-12-31 or 2026-12-31T18:00:00+01:00", c.At)
	}
	return at.Truncate(time.Second), nil
}

// A restateSummary is what a command came to; its JSON names are an interface.
type restateSummary struct {
	Passes    int      `json:"passes"`            // that got the standing
	Already   int      `json:"already,omitempty"` // that had it
	Unknown   []string `json:"unknown,omitempty"` // serial numbers without a pass
	Devices   int      `json:"devices"`           // that hear of it
	Files     int      `json:"files"`             // that were pressed again
	FilesLeft int      `json:"files_left,omitempty"`
}

// restate gives the chosen passes a standing.
func (o *restateOptions) restate(ctx context.Context, std streams, all *commands, s jobs.Standing) (err error) {
	c, err := o.open(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.db.Close()) }()
	chosen, err := o.choose(ctx, c)
	if err != nil {
		return err
	}
	sum := restateSummary{Unknown: chosen.unknown}
	chosen.passes = slices.DeleteFunc(chosen.passes, func(p chosenPass) bool {
		already := !s.Valid() && p.standing.Cause == jobs.CausePerson && p.standing.State == s.State && p.standing.Ends.Equal(s.Ends)
		if already {
			sum.Already++
		}
		return already
	})
	sum.Passes = len(chosen.passes)
	var devices ledger.IDSet
	if _, err := c.db.Holders(ctx, chosen.ids(), &devices); err != nil {
		return err
	}
	sum.Devices = devices.Len()
	if !o.DryRun {
		if err := confirmed(o.Confirm, sum.Passes); err != nil {
			return err
		}
		if err := c.stand(ctx, chosen, s); err != nil {
			return explain(err)
		}
		// Also those that an earlier, killed process has left.
		fresh, err := c.freshen(ctx, chosen.jobs, std.err)
		if err != nil {
			return explain(err)
		}
		sum.Files, sum.FilesLeft = fresh.pressed, fresh.failed
	}
	if err := o.print(std.out, sum, s); err != nil {
		return err
	}
	if len(sum.Unknown) > 0 || sum.FilesLeft > 0 {
		return status{code: exitPartly}
	}
	return nil
}

// confirmed asks for a word before very many passes change.
func confirmed(said, passes int) error {
	if passes <= confirmAbove && said == 0 || said == passes {
		return nil
	}
	if said != 0 {
		return fmt.Errorf("--confirm says %s, and it would be %s now; nothing was changed", thousands(said), count(passes, "pass"))
	}
	return fmt.Errorf("%s would change; look at them with --dry-run, then add --confirm %d; nothing was changed", count(passes, "pass"), passes)
}

// stand changes the standing, chunk by chunk: each is whole, with its line of the audit.
func (c *restater) stand(ctx context.Context, chosen choice, s jobs.Standing) error {
	action := map[jobs.StandingState]sign.Action{
		jobs.StandingVoided: sign.ActionPassVoid, jobs.StandingExpired: sign.ActionPassExpire, jobs.StandingValid: sign.ActionPassReissue,
	}[s.State]
	for _, job := range chosen.jobs {
		for part := range slices.Chunk(chosen.idsOf(job), ledger.MaxStanding) {
			e := c.ring.Event(action)
			e.Job, e.Detail = job, count(len(part), "pass")
			if !s.Ends.IsZero() {
				e.Detail += ", ends " + s.Ends.UTC().Format(time.RFC3339)
			}
			if err := c.db.SetStanding(ctx, part, s, e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *restateOptions) print(w io.Writer, s restateSummary, to jobs.Standing) error {
	if o.JSON {
		return json.NewEncoder(w).Encode(s)
	}
	verb := map[jobs.StandingState]string{jobs.StandingVoided: "void", jobs.StandingExpired: "expired", jobs.StandingValid: "issued again"}[to.State]
	if to.Ends.After(time.Now()) {
		verb = "to end on " + to.Ends.Local().Format("2 January 2006 15:04 MST")
	}
	line := count(s.Passes, "pass") + choose(s.Passes, " is ", " are ") + verb
	if o.DryRun {
		line = count(s.Passes, "pass") + " would be " + verb
	}
	if s.Already > 0 {
		line += fmt.Sprintf(", %s so already", thousands(s.Already)+choose(s.Already, " was", " were"))
	}
	fmt.Fprintf(w, "%s; %s\n", line, hear(s.Devices, o.DryRun))
	if s.Files > 0 {
		fmt.Fprintf(w, "%s pressed again\n", count(s.Files, "file")+choose(s.Files, " was", " were"))
	}
	if len(s.Unknown) > 0 {
		fmt.Fprintf(w, "no pass has the serial number %s\n", strings.Join(s.Unknown, ", nor "))
	}
	return nil
}

// hear says who hears of it.
func hear(devices int, would bool) string {
	if would {
		return count(devices, "device") + " would hear of it"
	}
	return count(devices, "device") + choose(devices, " hears of it", " hear of it")
}

// A restater changes passes that are in a ledger, without a file of the user's.
type restater struct {
	db    *ledger.DB
	space workspace
	ring  *keyring.Ring
}

// openRestater opens the ledger of a job file, or that around the current folder.
func openRestater(ctx context.Context, space workspace) (*restater, error) {
	db, err := space.existing(ctx)
	if err != nil {
		return nil, err
	}
	return &restater{db, space, newRing(ctx, db, space)}, nil
}

// freshen presses the files of jobs again that are older than their passes, in all
// their outputs. Those of a job that is running it leaves to the run.
func (c *restater) freshen(ctx context.Context, names []string, w io.Writer) (n freshCount, err error) {
	for _, job := range names {
		sinks, err := c.db.StaleSinks(ctx, job)
		if err != nil {
			return n, err
		}
		for _, sink := range sinks {
			one, err := c.freshenSink(ctx, job, sink, w)
			n.pressed, n.failed = n.pressed+one.pressed, n.failed+one.failed
			if errors.Is(err, jobs.ErrLocked) {
				fmt.Fprintf(w, "a run of job %q is going on; it presses the files again before it ends\n", job)
				continue
			}
			if err := pressedLater(err, job, w); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// A turn is as long as a run that begins meanwhile waits at most for its job.
const (
	turnChunks = 8
	turnPause  = 100 * time.Millisecond
)

// freshenSink presses files of a sink again, in turns: between two of them a run may
// begin.
func (c *restater) freshenSink(ctx context.Context, job, sink string, w io.Writer) (n freshCount, err error) {
	f := c.freshener(job, w)
	f.chunks = turnChunks
	for more := true; more; {
		var one freshCount
		one, more, err = c.freshenTurn(ctx, f, job, sink)
		n.pressed, n.failed = n.pressed+one.pressed, n.failed+one.failed
		if err != nil {
			return n, err
		}
		if more {
			time.Sleep(turnPause)
		}
	}
	return n, nil
}

func (c *restater) freshenTurn(ctx context.Context, f *freshener, job, sink string) (n freshCount, more bool, err error) {
	unlock, err := c.db.LockJob(ctx, job)
	if err != nil {
		return n, false, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	return c.freshenLocked(ctx, f, job, sink)
}

// freshenLocked presses files of a sink again, for a caller that holds the lock of the
// job.
func (c *restater) freshenLocked(ctx context.Context, f *freshener, job, sink string) (n freshCount, more bool, err error) {
	folder, ok := c.space.sinkFolder(sink)
	if !ok {
		return n, false, freshError{fmt.Errorf("%s is no folder; the next run sees to them", sink)}
	}
	into, err := dir.Open(folder)
	if err != nil {
		return n, false, err
	}
	defer func() { err = errors.Join(err, into.Close()) }()
	if n, more, err = f.freshen(ctx, job, sink, into); err != nil || more {
		return n, more, err
	}
	return n, false, c.bundles(ctx, job, sink, into)
}

// freshener returns what presses files of a job again and tells w what it can't.
func (c *restater) freshener(job string, w io.Writer) *freshener {
	return &freshener{
		demand: newOnDemand(c.db, c.space),
		begin: func(ctx context.Context) error {
			e := c.ring.Event(sign.ActionSignBegin)
			e.Job, e.Detail = job, "files that are older than their passes"
			return c.db.AddEvent(ctx, e)
		},
		warn: func(serial string, err error) {
			fmt.Fprintf(w, "warning: the file of pass %s is older than the pass: %v\n", visible(serial), err)
		},
	}
}

// bundles makes the bundles again in which files are new.
func (c *restater) bundles(ctx context.Context, job, sink string, into *dir.Sink) error {
	b := &jobs.Bundler{
		Target: jobs.Target{Job: job, Sink: sink}, Book: c.db, Sink: into, Pack: packBundle,
		MaxPasses: sign.MaxBundlePasses, MaxBytes: sign.MaxBundleBytes,
	}
	if err := b.Make(ctx); err != nil {
		return err
	}
	return jobs.Sweep(ctx, c.db, into, sink)
}

// pressedLater tells why files could not be pressed again, if that is all that went wrong.
func pressedLater(err error, job string, w io.Writer) error {
	if none, ok := errors.AsType[freshError](err); ok {
		fmt.Fprintf(w, "warning: the files of job %q are older than the passes, and can't be pressed again: %v\n", job, none)
		return nil
	}
	return err
}

// sortedJobs returns the jobs of some passes, by name.
func sortedJobs(passes []chosenPass) []string {
	set := map[string]bool{}
	for _, p := range passes {
		set[p.job] = true
	}
	return slices.Sorted(maps.Keys(set))
}
