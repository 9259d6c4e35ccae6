package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"passmill/jobs/ledger"
)

// A deviceLine is a phone and a pass type of devices list --json: its names are an
// interface. Device and token are the beginnings of hashes, which open nothing.
type deviceLine struct {
	Device     string       `json:"device"`
	PassType   string       `json:"pass_type"`
	Token      string       `json:"token,omitempty"` // none if Apple called it dead
	Registered time.Time    `json:"registered"`      // when the token was, last
	Seen       time.Time    `json:"seen"`
	Passes     int          `json:"passes"`
	Wanted     int64        `json:"wanted"` // the change number that it is to hear of
	Told       int64        `json:"told"`   // the one that it has heard of
	Pushed     int64        `json:"pushed"`
	Tries      int          `json:"tries"` // pushes for wanted
	Due        *time.Time   `json:"due,omitempty"`
	Answered   *time.Time   `json:"answered,omitempty"`
	Answer     string       `json:"answer,omitempty"`
	List       []devicePass `json:"list,omitempty"`
}

type devicePass struct {
	Serial     string    `json:"serial"`
	Job        string    `json:"job"`
	Change     int64     `json:"change"`
	Registered time.Time `json:"registered"`
}

func newDeviceLine(s ledger.Subscription) deviceLine {
	return deviceLine{
		Device: s.Device, PassType: s.TypeID, Token: s.Token, Registered: s.TokenAt, Seen: s.Seen, Passes: s.Passes, Wanted: s.Wanted, Told: s.Told,
		Pushed: s.Pushed, Tries: s.Tries, Due: unlessZero(s.Due), Answered: unlessZero(s.Answered), Answer: s.Answer,
	}
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// state says in a few words where a phone stands.
func (l deviceLine) state() string {
	switch {
	case l.Told >= l.Wanted && l.Token == "":
		return "has heard of everything; its push token is dead"
	case l.Told >= l.Wanted:
		return "has heard of everything"
	case l.Token == "":
		return "has not heard of change " + fmt.Sprint(l.Wanted) + "; its push token is dead"
	case l.Answer != "":
		return fmt.Sprintf("the last push came to nothing (%s); the next is due %s", l.Answer, moment(l.Due))
	case l.Tries == 0:
		return "is to be pushed, due " + moment(l.Due)
	case l.Due == nil:
		return fmt.Sprintf("was pushed %d times and does not ask", l.Tries)
	}
	return "was pushed " + moment(l.Answered) + ", and again " + moment(l.Due) + " unless it asks"
}

func moment(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// write shows a phone and a pass type to people.
func (l deviceLine) write(w io.Writer) {
	token := l.Token
	if token == "" {
		token = "none: Apple called it dead (" + l.Answer + ")"
	}
	fmt.Fprintf(w, "phone %s, passes of type %s\n  %s\n  seen %s; push token %s, registered %s\n  to hear of change %d; has heard of %d; pushed for %d, %d times\n",
		l.Device, l.PassType, l.state(), moment(&l.Seen), token, moment(&l.Registered), l.Wanted, l.Told, l.Pushed, l.Tries)
	if l.Answered != nil {
		fmt.Fprintf(w, "  the last push was answered %s: %s\n", moment(l.Answered), l.said())
	}
	for _, p := range l.List {
		fmt.Fprintf(w, "  %s of job %s, change %d, registered %s\n", visible(p.Serial), visible(p.Job), p.Change, moment(&p.Registered))
	}
}

func (l deviceLine) said() string {
	if l.Answer == "" {
		return "taken"
	}
	return l.Answer
}

// writeLine writes v as JSON on a line of its own.
func writeLine(w io.Writer, v any) {
	_ = json.NewEncoder(w).Encode(v) // who no longer reads misses it
}
