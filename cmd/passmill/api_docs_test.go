package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passmill/sign/signtest"
)

// TestDocumentedCalls does what docs/api.md says, with the real program and curl,
// and wants answers with the members that it shows.
func TestDocumentedCalls(t *testing.T) {
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	issued, err := signtest.Shared().Issue(signtest.Options{EC: true})
	if err != nil {
		t.Fatal(err)
	}
	p12, err := issued.P12(signtest.Modern, "secret")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pass.p12"), p12, 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "PASSMILL_DATABASE=", "PATH="+filepath.Dir(program)+string(os.PathListSeparator)+os.Getenv("PATH"))
	sh := func(script string) []byte {
		cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script)
		cmd.Dir, cmd.Env = dir, env
		out, err := cmd.Output()
		if err != nil {
			exit, _ := err.(*exec.ExitError)
			t.Fatalf("%v\n%s\n%s%s", err, script, out, exit.Stderr)
		}
		return out
	}
	begin, _, _ := strings.Cut(string(text), "```")
	for line := range strings.Lines(begin) {
		if strings.HasPrefix(line, "    passmill key ") {
			sh(line)
		}
	}
	address := startServer(t, program, dir, env)

	blocks := regexp.MustCompile("(?s)```(sh|json)\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	script, answers, compared := "", []byte(nil), 0
	for _, b := range blocks {
		if b[1] == "sh" {
			const mark = "the answers of this block"
			out := sh(script + "\necho '" + mark + "'\n" + strings.ReplaceAll(b[2], "http://127.0.0.1:8080", address))
			_, answers, _ = bytes.Cut(out, []byte(mark+"\n"))
			script += strings.ReplaceAll(definitions(b[2]), "http://127.0.0.1:8080", address)
			continue
		}
		var want, got any
		if err := json.Unmarshal([]byte(b[2]), &want); err != nil {
			t.Fatalf("%v\n%s", err, b[2])
		}
		if err := json.Unmarshal(answers, &got); err != nil {
			t.Fatalf("%v\n%s", err, answers)
		}
		if diff := cmp.Diff(memberNames(want), memberNames(got)); diff != "" {
			t.Errorf("members (-docs +answer):\n%s", diff)
		}
		compared++
	}
	if compared != 3 {
		t.Errorf("%d answers compared, want 3", compared)
	}
}

// definitions are the lines of a script that later ones need.
func definitions(script string) (text string) {
	for line := range strings.Lines(script) {
		if strings.HasPrefix(line, "API=") || strings.HasPrefix(line, "call()") || strings.HasPrefix(line, "ID=") {
			text += line
		}
	}
	return text
}

// memberNames lists the names of all members in a JSON value, with the way to them.
func memberNames(v any) (names []string) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			names = append(names, name)
			for _, inner := range memberNames(value) {
				names = append(names, name+"."+inner)
			}
		}
	case []any:
		for _, value := range v {
			names = append(names, memberNames(value)...)
		}
	}
	slices.Sort(names)
	return names
}

// startServer runs passmill serve in a folder until the test ends, and returns its
// address.
func startServer(t *testing.T, program, dir string, env []string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "serve", "--listen", "127.0.0.1:0")
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		cmd.Wait()
	})
	var said struct{ Msg, Address string }
	for lines := json.NewDecoder(out); said.Address == ""; { // what it warns of comes first
		if err := lines.Decode(&said); err != nil {
			t.Fatalf("the server says %+v, %v", said, err)
		}
	}
	return "http://" + said.Address
}
