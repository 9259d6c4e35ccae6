package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"passmill/jobs/ledger"
	"passmill/output/mail"
)

type suppressCommand struct {
	List   suppressListCommand   `cmd:"" help:"List the addresses that get no mails, as hashes; or say whether one does."`
	Add    suppressAddCommand    `cmd:"" help:"Let addresses get no more mails."`
	Remove suppressRemoveCommand `cmd:"" help:"Let addresses get mails again."`
	Import suppressImportCommand `cmd:"" help:"Let the addresses in a file get no more mails."`
}

// withMarks opens the ledger of the workspace around the current folder and the key
// that addresses are hashed with.
func withMarks(ctx context.Context, database string, f func(*ledger.DB, *marks) error) (err error) {
	space, err := findWorkspace(".", database)
	if err != nil {
		return err
	}
	if !space.hasLedger() {
		return space.missingLedger()
	}
	keys, err := openMarks(ctx, space)
	if err != nil {
		return fmt.Errorf("addresses are kept as keyed hashes only: %w", err)
	}
	db, err := space.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return f(db, keys)
}

type suppressListCommand struct {
	Find string `placeholder:"ADDRESS" help:"Say whether this address is on the list, and why."`
	JSON bool   `help:"Print JSON."`
}

// A suppressionLine is an entry of the list; its JSON names are an interface.
type suppressionLine struct {
	Hash    string    `json:"hash"`
	Reason  string    `json:"reason"`
	Created time.Time `json:"created"`
}

// Run lists.
func (c *suppressListCommand) Run(ctx context.Context, std streams, all *commands) error {
	return withMarks(ctx, all.Database, func(db *ledger.DB, keys *marks) error {
		list, err := db.Suppressions(ctx)
		if err != nil {
			return err
		}
		only := ""
		if c.Find != "" {
			hash := keys.hash(c.Find)
			only = hex.EncodeToString(hash[:])
		}
		lines := []suppressionLine{}
		for _, s := range list {
			if text := hex.EncodeToString(s.Address[:]); only == "" || text == only {
				lines = append(lines, suppressionLine{text[:12], s.Reason, s.Created})
			}
		}
		if c.JSON {
			return json.NewEncoder(std.out).Encode(lines)
		}
		for _, l := range lines {
			fmt.Fprintf(std.out, "%s  %-12s  %s\n", l.Hash, l.Reason, l.Created.Local().Format("2006-01-02 15:04"))
		}
		if len(lines) == 0 && c.Find != "" {
			fmt.Fprintln(std.out, "not on the list: it gets mails")
		}
		if len(list) == 0 && c.Find == "" {
			fmt.Fprintln(std.out, "no address is on the list")
		}
		return nil
	})
}

type suppressAddCommand struct {
	Addresses []string `arg:"" name:"address" help:"Bare mail addresses."`
}

// Run adds.
func (c *suppressAddCommand) Run(ctx context.Context, std streams, all *commands) error {
	return withMarks(ctx, all.Database, func(db *ledger.DB, keys *marks) error {
		hashes, err := hashAll(keys, c.Addresses)
		if err != nil {
			return err
		}
		n, err := db.Suppress(ctx, "person", hashes...)
		if err == nil {
			line := count(int(n), "address") + " suppressed"
			if before := len(hashes) - int(n); before > 0 {
				line += fmt.Sprintf("; %s so already", thousands(before)+choose(before, " was", " were"))
			}
			fmt.Fprintln(std.out, line)
		}
		return err
	})
}

func hashAll(keys *marks, addresses []string) ([][32]byte, error) {
	hashes := make([][32]byte, len(addresses))
	for i, a := range addresses {
		if err := mail.CheckAddress(a); err != nil {
			return nil, fmt.Errorf("address %d of %d: %w", i+1, len(addresses), err)
		}
		hashes[i] = keys.hash(a)
	}
	return hashes, nil
}

type suppressRemoveCommand struct {
	Addresses []string `arg:"" name:"address" help:"Bare mail addresses."`
}

// Run removes.
func (c *suppressRemoveCommand) Run(ctx context.Context, std streams, all *commands) error {
	return withMarks(ctx, all.Database, func(db *ledger.DB, keys *marks) error {
		hashes, err := hashAll(keys, c.Addresses)
		if err != nil {
			return err
		}
		missing := 0
		for _, h := range hashes {
			found, err := db.Unsuppress(ctx, h)
			if err != nil {
				return err
			}
			if !found {
				missing++
			}
		}
		fmt.Fprintf(std.out, "%s taken off the list\n", count(len(hashes)-missing, "address"))
		if missing > 0 {
			return fmt.Errorf("%s not on the list", count(missing, "address"))
		}
		return nil
	})
}

type suppressImportCommand struct {
	File string `arg:"" help:"A text file with an address in each line, or a CSV file whose first column holds them; - reads standard input."`
}

// importBatch is how many addresses are written at once.
const importBatch = 1000

// Run imports.
func (c *suppressImportCommand) Run(ctx context.Context, std streams, all *commands) error {
	var in io.Reader = os.Stdin
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return noFile(c.File, err)
		}
		defer f.Close()
		in = f
	}
	return withMarks(ctx, all.Database, func(db *ledger.DB, keys *marks) error {
		read, added, bad := 0, int64(0), 0
		batch := make([][32]byte, 0, importBatch)
		flush := func() error {
			n, err := db.Suppress(ctx, "imported", batch...)
			added, batch = added+n, batch[:0]
			return err
		}
		lines := bufio.NewScanner(in)
		for number := 1; lines.Scan(); number++ {
			address := firstCell(lines.Text())
			if address == "" || number == 1 && !strings.Contains(address, "@") { // a header
				continue
			}
			if err := mail.CheckAddress(address); err != nil {
				bad++
				fmt.Fprintf(std.err, "%s, line %d: %v\n", c.File, number, err)
				continue
			}
			read++
			if batch = append(batch, keys.hash(address)); len(batch) == importBatch {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		if err := errors.Join(lines.Err(), flush()); err != nil {
			return fmt.Errorf("read %s: %w", c.File, err)
		}
		fmt.Fprintf(std.out, "%s read, %s new on the list\n", count(read, "address"), thousands(int(added)))
		if bad > 0 {
			return status{code: exitPartly}
		}
		return nil
	})
}

// firstCell returns the first column of a line of CSV.
func firstCell(line string) string {
	line = strings.TrimPrefix(line, "\ufeff")
	r := csv.NewReader(strings.NewReader(line))
	if strings.Contains(line, ";") && !strings.Contains(line, ",") {
		r.Comma = ';'
	}
	cells, err := r.Read()
	if err != nil || len(cells) == 0 {
		return strings.TrimSpace(line)
	}
	return strings.TrimSpace(cells[0])
}
