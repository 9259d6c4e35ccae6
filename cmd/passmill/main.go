// Command passmill is a mail merge for Apple Wallet passes: rows of a spreadsheet
// or a database and a template go in, signed passes come out.
//
// This is the only package that sees all others. It reads the configuration,
// joins the parts and speaks to the user.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	_ "time/tzdata" // templates name time zones, and not every system has them

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit statuses; they are an interface, and stand in every -h.
const (
	exitDone    = 0
	exitNotDone = 1
	exitUsage   = 2
	exitPartly  = 3 // some rows were refused, or check and verify found something to mend
)

// A status is an error that ends the program with its own exit status. Its
// message may be empty: everything has been said.
type status struct {
	code int
	err  error
}

func (s status) Error() string {
	if s.err == nil {
		return ""
	}
	return s.err.Error()
}

func (s status) Unwrap() error { return s.err }

// streams are where a command writes: results to out, everything else to err.
type streams struct {
	out, err io.Writer
}

// commands is the command line. Each command is a struct in a file of its own.
type commands struct {
	Database string `env:"PASSMILL_DATABASE" placeholder:"PATH|URL" help:"The ledger: an SQLite file, or postgres://… (default: passmill.db of the workspace, else beside the job file)."`

	Make     makeCommand     `cmd:"" help:"Make the passes of a job."`
	Check    checkCommand    `cmd:"" help:"Say everything that is wrong with a job's rows, and sign nothing."`
	Verify   verifyCommand   `cmd:"" help:"Say what a phone would refuse in finished passes, and why."`
	Rules    rulesCommand    `cmd:"" help:"Print the rules by which passes are judged, or explain some."`
	Job      jobCommand      `cmd:"" help:"Keep jobs in the ledger, and run them by name."`
	Schedule scheduleCommand `cmd:"" help:"List when jobs run by themselves, or run one now."`
	Runs     runsCommand     `cmd:"" name:"run" help:"List runs, and say what became of one."`
	Template templateCommand `cmd:"" help:"List, copy, import and check templates, or write the empty workbook for one."`
	Tables   tablesCommand   `cmd:"" help:"Make the four classic tables, whose rows become passes, in a database of yours."`
	Diff     diffCommand     `cmd:"" help:"Show what a run would change in which passes, and who would hear of it."`
	Void     voidCommand     `cmd:"" help:"Say that passes are void."`
	Expire   expireCommand   `cmd:"" help:"Say that passes have ended, or when they will."`
	Reissue  reissueCommand  `cmd:"" help:"Make passes valid again that are void or expired, and send a new version in any case."`
	Rollback rollbackCommand `cmd:"" help:"Let the passes that a run changed go back to what they were before it."`
	Fsck     fsckCommand     `cmd:"" help:"Prove the ledger against the passes in a job's output."`
	Migrate  migrateCommand  `cmd:"" help:"Bring the ledger's tables up to this version of passmill."`
	Backup   backupCommand   `cmd:"" help:"Copy the whole ledger into a file, while runs go on."`
	Restore  restoreCommand  `cmd:"" help:"Make the ledger of a backup."`
	Demo     demoCommand     `cmd:"" help:"Make a thousand passes from nothing, to see how it works."`
	Bench    benchCommand    `cmd:"" help:"Measure how fast passes are made here, as ratios."`
	Version  versionCommand  `cmd:"" help:"Print the version."`

	Cert certCommand `cmd:"" help:"Ask for certificates, take them in, and keep them."`
	Key  keyCommand  `cmd:"" help:"Make and rotate the key that seals private keys in the ledger; add and remove API keys."`

	Links    linksCommand    `cmd:"" help:"Give out links to the passes of a job, and revoke them."`
	Mail     mailCommand     `cmd:"" help:"Mail the passes of a job to their holders, once each, and say what became of each mail."`
	Suppress suppressCommand `cmd:"" help:"Keep the list of addresses that get no mails."`
	Erase    eraseCommand    `cmd:"" help:"Erase everything that is kept of a person, and keep it from coming back."`
	Stats    statsCommand    `cmd:"" help:"Say what became of passes, by day: made, mailed, opened, downloaded, installed, updated, removed."`

	Serve serveCommand `cmd:"" help:"Serve phones, links and the REST API, push, send mailings, and run jobs at their times."`
	Phone phoneCommand `cmd:"" help:"A simulated phone: try updates without one, or with ten thousand."`

	Push    pushCommand    `cmd:"" help:"Push to phones by hand, so that they ask for new versions of their passes."`
	Devices devicesCommand `cmd:"" help:"List the phones that have passes, show what they have heard of, and what they say."`

	PretendAPNs pretendAPNsCommand `cmd:"" name:"pretend-apns" help:"Pretend to be Apple's push server, which misbehaves, for trials without phones."`

	ReadCertificate readingCommand `cmd:"" hidden:""`
}

const description = `A mail merge for Apple Wallet passes: rows of a spreadsheet or a database and a template go in, signed passes come out.

Exit status: 0 done, 1 not done, 2 wrong command line, 3 partly done (some rows were refused, and each was named; or check, verify and fsck found something to mend).`

// run is the program: it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var cmd commands
	ended, code := false, 0
	parser := kong.Must(&cmd,
		kong.Name("passmill"), kong.Description(description), kong.UsageOnError(),
		kong.Writers(stdout, stderr), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Exit(func(c int) { ended, code = true, c }), // -h ends so
	)
	parsed, err := parser.Parse(usual(args))
	if ended {
		return code
	}
	if err != nil {
		fmt.Fprintf(stderr, "passmill: %v\nrun passmill --help, or passmill COMMAND --help\n", err)
		return exitUsage
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	return report(stderr, parsed.Run(streams{stdout, stderr}, &cmd))
}

// usual understands what people type to most programs.
func usual(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	case args[0] == "--version":
		return []string{"version"}
	}
	return args
}

// report prints the error of a command and returns the exit status.
func report(stderr io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	code := exitNotDone
	if s, ok := errors.AsType[status](err); ok {
		code = s.code
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(stderr, "passmill: interrupted; run the same command again to go on")
		return code
	}
	if text := err.Error(); text != "" {
		fmt.Fprintf(stderr, "passmill: %s\n", strings.ReplaceAll(text, "\n", "\n          "))
	}
	return code
}
