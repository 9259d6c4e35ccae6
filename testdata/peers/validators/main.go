// Validators compares passmill's judgement of a pass.json with that of two
// libraries that others wrote, on the same passes. run.sh drives it:
//
//	validators cases > cases.jsonl               all passes, as {"id", "pass"}
//	validators judge < cases.jsonl > ours.jsonl  what passmill says of them
//	validators compare [-update] ours.jsonl PEER=FILE…   the disagreements, by cause
//	validators table                             explained.tsv, as docs/validators.md has it
//
// A validator is any program that reads the passes and answers each with a
// verdict. compare fails if a disagreement is not explained in explained.tsv,
// or if an explanation there explains nothing.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "validators:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	command := ""
	if len(args) > 0 {
		command = args[0]
	}
	switch command {
	case "cases":
		return writeCases(out)
	case "judge":
		return judge(in, out)
	case "compare":
		return compare(args[1:], out)
	case "table":
		return writeTable(out)
	}
	return fmt.Errorf("%q is none of cases, judge, compare and table", command)
}

// A Case is a pass that every validator is asked about. The pass is text, since
// what is no JSON at all is a case too.
type Case struct {
	ID   string `json:"id"`
	Pass string `json:"pass"`
}

// A Verdict is what a validator says of a case. Messages name what it refuses.
// Only passmill warns, and only libraries change passes: Changed names the keys
// that one drops or writes otherwise without a word.
type Verdict struct {
	ID       string   `json:"id"`
	Verdict  string   `json:"verdict"` // one of the three below
	Messages []string `json:"messages,omitempty"`
	Changed  []string `json:"changed,omitempty"`
}

const (
	ok      = "ok"
	warns   = "warns" // taken, with a word of warning
	refused = "refused"
)

// readLines decodes a stream of JSON values.
func readLines[T any](in io.Reader) ([]T, error) {
	var all []T
	dec := json.NewDecoder(bufio.NewReader(in))
	for {
		var one T
		if err := dec.Decode(&one); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("value %d of the stream: %w", len(all)+1, err)
		}
		all = append(all, one)
	}
}
