package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"passmill/jobs"
	"passmill/output/passkit"
)

type devicesLog struct {
	Pass  string `placeholder:"SERIAL" help:"Only what is about the pass with this serial number."`
	Limit int    `default:"100" placeholder:"N" help:"So many lines at most, the newest (default: 100)."`
	JSON  bool   `help:"Print each line as one JSON object."`
}

// Help is the end of the command's -h.
func (devicesLog) Help() string {
	return "Phones tell the server what they don't like; it keeps the newest lines of each pass. Exit status: 0 done, 1 not done, 2 wrong command line."
}

// A saidLine is a line of devices log --json: its names are an interface.
type saidLine struct {
	At       time.Time `json:"at"`
	PassType string    `json:"pass_type,omitempty"`
	Serial   string    `json:"serial,omitempty"`
	Device   string    `json:"device,omitempty"` // the beginning of a hash
	Text     string    `json:"text"`
	*passkit.Explanation
}

// Run shows what phones said, newest first.
func (c *devicesLog) Run(ctx context.Context, std streams, all *commands) (err error) {
	if c.Limit < 1 {
		return status{exitUsage, errors.New("--limit: say how many lines, 1 or more")}
	}
	_, db, err := openLedger(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	lines, err := db.PhoneLines(ctx, c.Pass, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		return printSaidJSON(std.out, lines)
	}
	return c.print(std.out, lines)
}

func printSaidJSON(w io.Writer, lines []jobs.PhoneLine) error {
	for _, l := range lines {
		line := saidLine{At: l.At, PassType: l.TypeID, Serial: l.Serial, Device: l.Device, Text: l.Text}
		if e, known := passkit.Explain(l.Text); known {
			line.Explanation = &e
		}
		if err := json.NewEncoder(w).Encode(line); err != nil {
			return err
		}
	}
	return nil
}

func (c *devicesLog) print(w io.Writer, lines []jobs.PhoneLine) error {
	if len(lines) == 0 {
		what := "no phone has complained"
		if c.Pass != "" {
			what += " of pass " + c.Pass
		}
		_, err := fmt.Fprintln(w, what)
		return err
	}
	for _, l := range lines {
		about := l.At.Local().Format("2006-01-02 15:04:05")
		if l.Serial != "" {
			about += "  pass " + l.Serial
		}
		if l.Device != "" {
			about += "  phone " + l.Device
		}
		fmt.Fprintf(w, "%s\n  the phone says: %s\n", about, l.Text)
		if e, known := passkit.Explain(l.Text); known {
			fmt.Fprintf(w, "  that means: %s\n  to do: %s\n", e.Means, e.Do)
		}
	}
	return nil
}
