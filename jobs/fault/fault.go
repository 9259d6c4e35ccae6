// Package fault gives names to the points at which a program can fail, so that
// tests can make it fail there.
//
// The shipped binary is what is tested: points are live only when the
// environment variable FAULT names them, and cost one atomic load otherwise.
// FAULT is a comma-separated list of name:n:action; the n-th time that the
// point is reached (from 1) the action is done: "exit" ends the process at once
// with status 137 and without any clean-up, as SIGKILL would; "error" makes
// [Point] return an error, once; "errors" from then on each time.
package fault

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

// ExitStatus is the status with which the action "exit" ends the process: that
// of a process ended by SIGKILL, as a shell reports it.
const ExitStatus = 137

type plan struct {
	at      int
	action  string
	mu      sync.Mutex
	reached int // guarded by mu
}

// load reads FAULT once: it is how a test speaks to a whole program.
var load = sync.OnceValue(func() map[string]*plan { return parse(os.Getenv("FAULT")) })

// Point marks a place where something can fail. It returns nil unless FAULT
// names it. It is safe for concurrent use.
func Point(name string) error {
	p := load()[name]
	if p == nil {
		return nil
	}
	p.mu.Lock()
	p.reached++
	hit := p.reached == p.at || (p.action == "errors" && p.reached > p.at)
	p.mu.Unlock()
	if !hit {
		return nil
	}
	if p.action == "exit" {
		os.Exit(ExitStatus)
	}
	return fmt.Errorf("fault point %q was told to fail", name)
}

// parse reads the value of FAULT. A mistake in it is a bug of the test that set
// it, and must not pass for a test without faults.
func parse(spec string) map[string]*plan {
	plans := map[string]*plan{}
	for item := range strings.SplitSeq(spec, ",") {
		if item == "" {
			continue
		}
		parts := strings.Split(item, ":")
		if len(parts) != 3 {
			panic(fmt.Sprintf("fault: %q is not name:n:action", item))
		}
		at, err := strconv.Atoi(parts[1])
		if err != nil || at < 1 {
			panic(fmt.Sprintf("fault: %q: the count is not a whole number from 1", item))
		}
		switch parts[2] {
		case "exit", "error", "errors":
		default:
			panic(fmt.Sprintf("fault: %q: no action %q", item, parts[2]))
		}
		plans[parts[0]] = &plan{at: at, action: parts[2]}
	}
	return plans
}
