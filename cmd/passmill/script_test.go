package main

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"passmill/jobs/ledger/pgtest"
	"passmill/sign/signtest"
)

func TestMain(m *testing.M) {
	testscript.Main(cleanUp{m}, map[string]func(){
		"passmill": main,
	})
}

// cleanUp ends what the tests have started.
type cleanUp struct{ m *testing.M }

func (c cleanUp) Run() int {
	for _, name := range []string{"PASSMILL_DATABASE", "PASSMILL_SOURCE_DATABASE"} {
		os.Unsetenv(name) // tests have ledgers of their own
	}
	code := c.m.Run()
	pgtest.Stop()
	if built != "" {
		os.RemoveAll(filepath.Dir(built))
	}
	return code
}

// TestScripts runs the program as users do: each file of testdata/script is one
// story, with what is expected after each command.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, "PASSMILL_DATABASE=", "PASSMILL_SOURCE_DATABASE=", "GORACE="+os.Getenv("GORACE"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"certificate": scriptCertificate,
			"status":      scriptStatus,
			"push-portal": scriptPushPortal,
			"field":       scriptField,
			"workbook":    scriptWorkbook,
			"sql":         scriptSQL,
			"images":      scriptImages,
			"photo":       scriptPhoto,
			"unpack":      scriptUnpack,
			"serve":       scriptServe,
			"halt":        scriptHalt,
		},
	})
}

// scriptCertificate puts a certificate of the pretend authority into a folder:
// certificate DIR.
func scriptCertificate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: certificate DIR")
	}
	issued, err := signtest.Shared().Issue(signtest.Options{EC: true})
	ts.Check(err)
	p12, err := issued.P12(signtest.Modern, "secret")
	ts.Check(err)
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	for name, data := range map[string][]byte{"pass.p12": p12, "password.txt": []byte("secret\n"), "root.pem": signtest.Shared().RootPEM()} {
		ts.Check(os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
}

// scriptSQL runs statements in an SQLite database, which it makes: sql DATABASE
// FILE.
func scriptSQL(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sql DATABASE FILE")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(ts.ReadFile(args[1]))
	ts.Check(err)
}

// scriptStatus runs a command and wants an exit status: status N COMMAND ….
func scriptStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND ARGUMENTS")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		got = -1
		if exit, ok := err.(interface{ ExitCode() int }); ok {
			got = exit.ExitCode()
		}
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

// scriptField wants a text in a file of a pass: field PASS FILE TEXT.
func scriptField(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: [!] field PASS FILE TEXT")
	}
	files, err := unpack([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	if strings.Contains(string(files[args[1]]), args[2]) == neg {
		ts.Fatalf("%s of %s:\n%s", args[1], args[0], files[args[1]])
	}
}
