package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"text/tabwriter"
	"time"

	"passmill/output/passkit/phone"
)

type phoneFleetCommand struct {
	phoneNet
	Phones     int           `arg:"" help:"How many phones."`
	Passes     []string      `arg:"" name:"pass" type:"path" help:"Passes (.pkpass) and folders of them; each phone takes one, in turn."`
	PushServer string        `name:"push-server" default:"https://127.0.0.1:2197" env:"PASSMILL_PUSH_SERVER" placeholder:"URL" help:"The pretended push server, which passmill pretend-apns is (default: https://127.0.0.1:2197)."`
	For        time.Duration `default:"15m" placeholder:"TIME" help:"How long to wait for changes and their pushes, at most (default: 15m); ^C ends the wait."`
	Quiet      time.Duration `default:"90s" placeholder:"TIME" help:"End the wait when no push has come for so long, once there was one (default: 90s: pushes that came to nothing are sent again after a minute)."`
	Workers    int           `default:"64" placeholder:"N" help:"How many phones are at work at a time (default: 64)."`
	Deaf       float64       `default:"0.05" placeholder:"SHARE" help:"The share of phones that never fetch (default: 0.05)."`
	Special    float64       `default:"0.02" placeholder:"SHARE" help:"The share of phones that get a new push token, of those that throw their pass away, and of those that are two devices with one token (default: 0.02 each)."`
	Seed       uint64        `default:"1" placeholder:"N" help:"Which phones these are (default: 1)."`
}

// Help is the end of the command's -h.
func (phoneFleetCommand) Help() string {
	return "Registers the phones, waits for pushes, lets them fetch, and compares what each living phone holds with what the server has. " +
		"Change rows and run the job while it waits. Exit status: 0 every living phone holds the newest version, 3 one does not, 1 could not try."
}

// Run tries a server.
func (c *phoneFleetCommand) Run(ctx context.Context, std streams) error {
	if c.Phones < 1 || c.Workers < 1 || c.Deaf < 0 || c.Special < 0 || c.Deaf+3*c.Special > 1 {
		return status{exitUsage, fmt.Errorf("a fleet needs at least one phone and one worker, and shares that are 1 at most together")}
	}
	passes, err := c.read()
	if err != nil {
		return err
	}
	client, err := c.client(c.Workers)
	if err != nil {
		return err
	}
	judge, err := c.judge()
	if err != nil {
		return err
	}
	meter := &phone.Meter{Base: client.Transport}
	f := phone.Fleet{
		Size: c.Phones, Files: passes, Judge: judge, HTTP: &http.Client{Transport: meter}, Push: client, Server: c.PushServer,
		Workers: c.Workers, Seed: c.Seed, Deaf: c.Deaf, Special: c.Special, For: c.For, Quiet: c.Quiet,
		Tell: func(stage string, r phone.Result) { c.tell(std.err, stage, r) },
	}
	r, err := f.Run(ctx)
	if err != nil {
		return err
	}
	printMeasured(std.out, meter.Measured())
	for _, line := range r.Lines {
		fmt.Fprintf(std.out, "%s %s\n", markBad, visible(line))
	}
	if r.Behind > 0 || r.Failed > 0 {
		fmt.Fprintf(std.out, "%s of %s are left behind, %s could not register\n", thousands(r.Behind), count(r.Living, "living phone"), thousands(r.Failed))
		fmt.Fprintln(std.out, "if pushes met faults, the server sends them again, after a minute, four, and an hour: wait longer (--quiet) to see whether they come to hold it")
		return status{code: exitPartly}
	}
	fmt.Fprintf(std.out, "all %s hold the newest version\n", count(r.Living, "living phone"))
	return nil
}

// read reads as many passes as there are phones. Bundles hold copies of passes.
func (c *phoneFleetCommand) read() ([][]byte, error) {
	files, err := findPasses(c.Passes)
	if err != nil {
		return nil, err
	}
	var passes [][]byte
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, noFile(name, err)
		}
		list, err := unbundle(name, data)
		if err != nil {
			return nil, err
		}
		if passes = append(passes, list...); len(passes) >= c.Phones {
			return passes[:c.Phones], nil
		}
	}
	return passes, nil
}

// tell says how far the trial has come.
func (c *phoneFleetCommand) tell(w io.Writer, stage string, r phone.Result) {
	switch stage {
	case "registered":
		fmt.Fprintf(w, "%s registered in %.1f s (%s a second), %s gave up\n", count(r.Registered, "phone"), r.Registering.Seconds(),
			thousands(int(float64(r.Registered)/r.Registering.Seconds())), thousands(r.Failed))
	case "special":
		fmt.Fprintf(w, "%s deaf, %s with a new token, %s gone, %s that are two devices with one token; waiting for changes …\n",
			thousands(r.Deaf), thousands(r.Renewed), thousands(r.Left), thousands(r.Twins))
	case "waited":
		fmt.Fprintf(w, "%s pushes heard in %.1f s; comparing …\n", thousands(r.Pushes), r.Waiting.Seconds())
	}
}

// printMeasured writes how many exchanges there were, and how long they took.
func printMeasured(w io.Writer, all []phone.Measured) {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tab, "REQUEST\tANSWER\tCOUNT\tP50\tP99\t")
	for _, m := range all {
		answer := "none"
		if m.Code != 0 {
			answer = fmt.Sprint(m.Code)
		}
		fmt.Fprintf(tab, "%s\t%s\t%s\t%s\t%s\t\n", m.Call, answer, thousands(m.Count), short(m.P50), short(m.P99))
	}
	tab.Flush()
}

// short writes a duration to the tenth of a millisecond.
func short(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
