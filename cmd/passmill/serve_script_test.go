package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// servers are those that scripts have started, by their script.
var servers sync.Map

// A scriptServer is a server that runs; logged is closed once its log is whole.
type scriptServer struct {
	cmd    *exec.Cmd
	logged chan struct{}
}

// scriptServe starts a server in the current folder, on a port that is free, and
// puts its address into URL and that of its operations into OPS; its log goes to
// serve.log: serve [ARGUMENTS].
func scriptServe(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: serve [ARGUMENTS]")
	}
	file, err := os.Create(ts.MkAbs("serve.log"))
	ts.Check(err)
	program, err := exec.LookPath("passmill")
	ts.Check(err)
	cmd := exec.Command(program, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), append(os.Environ(), "PASSMILL_DATABASE="+ts.Getenv("PASSMILL_DATABASE"))
	out, in, err := os.Pipe()
	ts.Check(err)
	cmd.Stderr = in
	ts.Check(cmd.Start())
	ts.Check(in.Close())
	logged := make(chan struct{})
	servers.Store(ts, scriptServer{cmd, logged})
	ts.Defer(func() {
		if c, ok := servers.LoadAndDelete(ts); ok {
			c.(scriptServer).cmd.Process.Kill()
			c.(scriptServer).cmd.Wait()
		}
	})
	lines := bufio.NewReader(io.TeeReader(out, file))
	url := ""
	for wants := 1 + strings.Count(strings.Join(args, " "), "--ops-listen"); wants > 0; {
		line, err := lines.ReadString('\n')
		var said struct {
			Msg, Address string
			TLS          bool
		}
		if err != nil || json.Unmarshal([]byte(line), &said) != nil {
			ts.Fatalf("the server says: %s (%v)", line, err)
		}
		if said.Address == "" { // it tells something else first
			continue
		}
		wants--
		address := "http://" + said.Address
		if said.TLS {
			address = "https://" + said.Address
		}
		if url == "" {
			url = address
			ts.Setenv("URL", url)
		}
		ts.Setenv("OPS", address)
	}
	go func() { // until the server ends
		io.Copy(io.Discard, lines)
		file.Close()
		close(logged)
	}()
}

// scriptHalt tells the server to stop, and wants it to do so in good order: halt.
func scriptHalt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: halt")
	}
	c, ok := servers.LoadAndDelete(ts)
	if !ok {
		ts.Fatalf("there is no server")
	}
	ts.Check(c.(scriptServer).cmd.Process.Signal(syscall.SIGTERM))
	if err := c.(scriptServer).cmd.Wait(); err != nil {
		ts.Fatalf("the server ended with %v", err)
	}
	<-c.(scriptServer).logged
}
