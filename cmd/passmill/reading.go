package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"

	"passmill/sign"
	"passmill/sign/keyring"
	"passmill/sign/secret"
)

// Bounds of the process that opens a .p12 file. A genuine one takes a small part
// of a second; what a file asks for inside of its encrypted part is seen only
// while it is opened.
const (
	readingTime   = 9 * time.Second // of the clock; its processor time is bounded as well
	readingMemory = 96 << 20
	readingExit   = 7 // the exit status of a process that would need more memory
)

// A readingCommand is the process that opens a file of a stranger: it gets it on
// its input and writes what was in it, keys among it, to its output, a pipe.
type readingCommand struct{}

// A reading is what goes into the process.
type reading struct {
	Name     string
	Data     []byte
	Password string
}

// A readingResult is what comes out.
type readingResult struct {
	Contents []byte
	Error    string
	Is       string // which of readingErrors it is; may be empty
}

// readingErrors are the errors that callers branch on.
var readingErrors = map[string]error{"password": sign.ErrPassword, "no-key": sign.ErrNoKey, "no-leaf": sign.ErrNoLeaf}

// Run opens one file.
func (readingCommand) Run(std streams) error {
	keyring.Harden()
	limitReading()
	debug.SetMemoryLimit(readingMemory * 3 / 4)
	go watchMemory()
	var in reading
	if err := json.NewDecoder(io.LimitReader(os.Stdin, 1<<20)).Decode(&in); err != nil {
		return errors.New("this command is for passmill itself")
	}
	var out readingResult
	c, err := sign.Read(sign.File{Name: in.Name, Data: in.Data}, secret.New(in.Password))
	if err == nil {
		out.Contents, err = c.MarshalBinary()
	}
	if err != nil {
		out.Error = err.Error()
	}
	for name, sentinel := range readingErrors {
		if errors.Is(err, sentinel) {
			out.Is = name
		}
	}
	return json.NewEncoder(std.out).Encode(out)
}

// watchMemory ends the process before it takes memory that others need.
func watchMemory() {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
	for {
		metrics.Read(sample)
		if sample[0].Value.Uint64() > readingMemory {
			os.Exit(readingExit)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// reader reads certificate files; one .p12 at a time is opened, each in a process
// of its own.
type reader struct {
	ctx context.Context //nolint:containedctx // sign.Reader takes none: files are read in a moment

	mu sync.Mutex
}

// newReader returns a [sign.Reader] whose processes end with ctx.
func newReader(ctx context.Context) sign.Reader { return (&reader{ctx: ctx}).read }

func (r *reader) read(f sign.File, password secret.Text) (*sign.Contents, error) {
	if !sign.IsP12(f.Data) {
		return sign.Read(f, password)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	in, err := json.Marshal(reading{f.Name, f.Data, password.Reveal()})
	if err != nil {
		return nil, err
	}
	defer clear(in)
	out, err := r.run(f.Name, in)
	if err != nil {
		return nil, err
	}
	defer clear(out)
	var result readingResult
	if err := json.Unmarshal(out, &result); err != nil {
		return nil, fmt.Errorf("%s could not be opened: its process said nothing", f.Name)
	}
	if result.Error != "" {
		return nil, readingError{result.Error, readingErrors[result.Is]}
	}
	defer clear(result.Contents)
	c := &sign.Contents{}
	return c, c.UnmarshalBinary(result.Contents)
}

// run starts the program again, to open the file.
func (r *reader) run(name string, in []byte) ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.ctx, readingTime)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, self, "read-certificate")
	cmd.Args[0] = "passmill"
	// Nothing that is anybody's secret. GORACE lets the tests' programs end at once.
	cmd.Env = []string{"SYSTEMROOT=" + os.Getenv("SYSTEMROOT"), "GORACE=" + os.Getenv("GORACE")}
	cmd.Stdin, cmd.Stdout = bytes.NewReader(in), &out
	err = cmd.Run()
	switch {
	case err == nil:
		return out.Bytes(), nil
	case r.ctx.Err() != nil:
		return nil, r.ctx.Err()
	case cmd.ProcessState == nil:
		return nil, fmt.Errorf("%s: start a process to open it: %w", name, err)
	case cmd.ProcessState.ExitCode() == readingExit:
		return nil, fmt.Errorf("%s asks for more memory than a certificate file needs, and was not opened: export the one certificate with its key again", name)
	}
	return nil, fmt.Errorf("%s asks for more work than a certificate file needs, and was not opened: export the one certificate with its key again", name)
}

// A readingError is an error of the process that opened a file.
type readingError struct {
	text string
	is   error
}

func (e readingError) Error() string { return e.text }
func (e readingError) Unwrap() error { return e.is }
