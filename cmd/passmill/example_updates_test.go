//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"passmill/sign/signtest"
)

// TestExampleUpdates walks from a changed row to the phone as the example's text says,
// with servers of its own, and then on to the day when the certificate expires.
func TestExampleUpdates(t *testing.T) {
	t.Parallel()
	w := newWalk(t, "updates")
	w.follow()
	w.expires()
}

// A walk follows the text of an example whose commands are processes, some of which
// go on running.
type walk struct {
	*sandbox
	box    *letterBox
	served string // where the server listens
	pushes string // where the pretend push server does

	variables map[string]func() string // of the shell, looked up when a line names them
}

func newWalk(t *testing.T, name string) *walk {
	t.Helper()
	w := &walk{sandbox: newSandbox(t, 0, ""), box: startLetterBox(t), served: freeAddress(t), pushes: freeAddress(t)}
	if err := os.CopyFS(w.dir+"/copy", os.DirFS(examples+"/"+name)); err != nil {
		t.Fatal(err)
	}
	w.dir += "/copy"
	w.certificate(signtest.Options{EC: true, TypeID: "pass.com.example.talwind"})
	settings := mustRead(t, w.path("passmill.yaml"))
	for from, to := range map[string]string{"127.0.0.1:8080": w.served, "127.0.0.1:2197": w.pushes, "127.0.0.1:2525": w.box.address} {
		settings = strings.ReplaceAll(settings, from, to)
	}
	w.write("passmill.yaml", settings)
	return w
}

// freeAddress returns an address of this machine on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// follow runs every block of the text, and wants the lines that it shows, in their
// order. What a server counts is written down a little later: such a block is run until
// it shows that.
func (w *walk) follow() {
	w.t.Helper()
	for _, block := range blocks.FindAllStringSubmatch(mustRead(w.t, w.path("README.md")), -1) {
		for counted := strings.HasPrefix(block[1], "passmill stats"); ; {
			var out string
			for line := range strings.Lines(block[1]) {
				out += w.line(strings.TrimSpace(line))
			}
			missing, rest := missingLine(out, block[2])
			if missing == "" {
				break
			}
			if !counted {
				w.t.Fatalf("%sdid not print %s\nbut in the end %s", block[1], missing, rest)
			}
		}
	}
}

// columns are blanks that put words below one another, as many as the numbers demand.
var columns = regexp.MustCompile(` +`)

// missingLine returns the first of the lines that is not in an output behind those
// before it, and what comes behind these.
func missingLine(out, lines string) (missing, rest string) {
	rest = columns.ReplaceAllString(out, " ")
	for want := range strings.Lines(columns.ReplaceAllString(lines, " ")) {
		want = strings.TrimSpace(want)
		_, after, found := strings.Cut(rest, want)
		if !found {
			return want, rest
		}
		rest = after
	}
	return "", rest
}

// line runs a line of a shell and returns what it printed.
func (w *walk) line(line string) string {
	w.t.Helper()
	if m := sqlite.FindStringSubmatch(line); m != nil {
		(&example{sandbox: w.sandbox}).execute("sqlite", w.path(m[1]), w.path(m[2]))
		return ""
	}
	line, fails := strings.CutPrefix(line, "! ")
	args, ours := strings.CutPrefix(line, "passmill ")
	if !ours {
		return w.shell(line)
	}
	args, stays := strings.CutSuffix(args, " &")
	fields := strings.Fields(args)
	switch fields[0] {
	case "serve":
		fields = append(fields, "--listen", w.served)
	case "pretend-apns":
		fields = append(fields, "--listen", w.pushes)
	case "phone":
		if fields[1] == "watch" {
			fields = append(fields, "--push-server", "https://"+w.pushes)
		}
	}
	if stays {
		w.start(fields)
		return ""
	}
	cmd := w.command(nil, fields...)
	out, err := cmd.CombinedOutput()
	if code := exitCode(err); (code == exitNotDone) != fails || (code != exitDone && !fails) {
		w.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

// shell has a line run by the shell itself, which finds the program by its name.
func (w *walk) shell(line string) string {
	w.t.Helper()
	program, err := binary()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.CommandContext(w.t.Context(), "sh", "-c", line)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "PASSMILL_DATABASE=", "PATH="+filepath.Dir(program)+string(os.PathListSeparator)+os.Getenv("PATH"))
	for name, value := range w.variables {
		if strings.Contains(line, "$"+name) {
			cmd.Env = append(cmd.Env, name+"="+value())
		}
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

// start runs a program until the test ends, and waits until it listens.
func (w *walk) start(args []string) {
	w.t.Helper()
	cmd := w.command(nil, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			w.t.Errorf("%s: %v\n%s", strings.Join(args, " "), err, &said)
		}
	})
	address := args[len(args)-1]
	for {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
			return
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			w.t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond) // another process, which takes its time to start
	}
}

// expires lets two months go by, an hour at a time, until the certificate has expired:
// its contact and the operator hear of it before, and again on the day.
func (w *walk) expires() {
	w.t.Helper()
	space, err := findWorkspace(w.dir, "")
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := openRegistry(w.t.Context(), space)
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Close()
	versions, err := r.Store.Versions(w.t.Context(), "")
	if err != nil || len(versions) != 1 {
		w.t.Fatalf("%d certificates (%v)", len(versions), err)
	}
	ends := versions[0].Certificate.NotAfter
	now := ends.AddDate(0, 0, -63)
	r.Now = func() time.Time { return now }
	alerter, err := newAlerter(r, slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	heard := map[string]int{}
	for ; now.Before(ends.Add(time.Hour)); now = now.Add(time.Hour) {
		if _, err := alerter.Run(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		for to, n := range w.box.taken() {
			if heard[to] == 0 && n > 0 && !now.Before(ends.AddDate(0, 0, -59)) {
				w.t.Errorf("%s hears of it %v before the certificate expires, for the first time", to, ends.Sub(now))
			}
			heard[to] = n
		}
	}
	want := map[string]int{"wallet-team@example.com": 7, "ops@example.com": 7}
	if fmt.Sprint(heard) != fmt.Sprint(want) {
		w.t.Errorf("mails %v, want %v", heard, want)
	}
}
