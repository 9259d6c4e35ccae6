package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"passmill/sign/signtest"
	"passmill/sign/verify"
)

// binary builds the program once for all tests that run it as a process.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "passmill-test-")
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "passmill")
	build := exec.Command("go", "build", "-o", name, ".")
	build.Dir = source
	out, err := build.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	built = name
	return name, nil
})

// built is the program's path once it has been built.
var built string

// source is this package's folder, in which tests begin.
var source, _ = os.Getwd()

// A sandbox is a workspace of a test: a job over a CSV file, with a certificate
// of the pretend authority.
type sandbox struct {
	t        *testing.T
	dir      string
	database string // for PASSMILL_DATABASE; empty for the default
	rows     int
}

// newSandbox makes a workspace with so many members, three to a family.
func newSandbox(t *testing.T, rows int, database string) *sandbox {
	t.Helper()
	s := &sandbox{t: t, dir: t.TempDir(), database: database, rows: rows}
	s.certificate(signtest.Options{EC: true})
	s.write("members.yaml", `template: storecard
source: {file: members.csv}
serial: MemberID
certificate: {p12: pass.p12, passwordFile: password.txt}
output: {dir: out, bundle: FamilyID}
`)
	s.members(func(int) string { return "Gold" })
	return s
}

// certificate puts a certificate into the workspace.
func (s *sandbox) certificate(o signtest.Options) {
	s.t.Helper()
	issued, err := signtest.Shared().Issue(o)
	if err != nil {
		s.t.Fatal(err)
	}
	p12, err := issued.P12(signtest.Modern, "secret")
	if err != nil {
		s.t.Fatal(err)
	}
	s.write("pass.p12", string(p12))
	s.write("password.txt", "secret\n")
	s.write("root.pem", string(signtest.Shared().RootPEM()))
}

// members writes the CSV file; tier says what stands in each row.
func (s *sandbox) members(tier func(i int) string) {
	s.t.Helper()
	var b strings.Builder
	b.WriteString("MemberID,FirstName,LastName,Tier,Points,FamilyID\n")
	for i := range s.rows {
		fmt.Fprintf(&b, "M%05d,Ada,Lovelace %d,%s,%d,F%d\n", i, i, tier(i), i, i/3)
	}
	s.write("members.csv", b.String())
}

func (s *sandbox) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *sandbox) path(name string) string { return filepath.Join(s.dir, name) }

// command returns the program as a process of its own, with extra environment.
func (s *sandbox) command(env []string, args ...string) *exec.Cmd {
	s.t.Helper()
	name, err := binary()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), name, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), env...)
	if s.database != "" {
		cmd.Env = append(cmd.Env, "PASSMILL_DATABASE="+s.database)
	}
	return cmd
}

// run runs the program in this process, under the race detector if there is one, and
// returns its exit status and output.
func (s *sandbox) run(args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	if s.database != "" { // not by the environment, which tests that run at once share
		args = append([]string{"--database", s.database}, args...)
	}
	var out, errs bytes.Buffer
	code = run(s.t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// process runs the program as a process of its own and returns the same: for what a
// test has to do often, and that others do under the race detector.
func (s *sandbox) process(args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	cmd := s.command(nil, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && !cmd.ProcessState.Exited() {
		s.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// files returns every visible file of the output by its name.
func (s *sandbox) files() map[string][]byte {
	s.t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(s.path("out"), func(path string, entry os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() || !isPass(path) {
			return err
		}
		data, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, s.path("out")+string(filepath.Separator))] = data
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return files
}

// roots are what the pretend authority's passes are verified against.
var roots = sync.OnceValue(func() verify.Options {
	pool := verify.AppleRoots()
	pool.AddCert(signtest.Shared().Root())
	return verify.Options{Roots: pool, Chains: &verify.Chains{}}
})

// unpack returns the files of a pass.
func unpack(pass []byte) (map[string][]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(pass), int64(len(pass)))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
	return files, nil
}
