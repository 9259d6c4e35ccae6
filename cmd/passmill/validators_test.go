package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestValidatorsTable checks that the documentation explains the disagreements
// with other validators as the file does that their comparison is held to. The
// comparison itself needs npm, and is testdata/peers/validators/run.sh.
func TestValidatorsTable(t *testing.T) {
	const peers = "../../testdata/peers"
	document, err := os.ReadFile("../../docs/validators.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(filepath.Join(peers, "validators/explained.tsv")); err != nil { // or its changes are not seen by go test's cache
		t.Fatal(err)
	}
	list := exec.Command("go", "run", ".", "table")
	list.Dir = filepath.Join(peers, "validators")
	table, err := list.Output()
	if err != nil {
		t.Fatalf("list the explanations: %v\n%s", err, stderrOf(err))
	}
	for line := range strings.Lines(string(table)) {
		if !strings.Contains(string(document), line) {
			t.Errorf("docs/validators.md lacks the line that explained.tsv gives:\n%s", line)
		}
	}
	if !strings.Contains(string(document), string(table)) {
		t.Error("the table of docs/validators.md has other lines than explained.tsv, or another order; `go run . table` in testdata/peers/validators prints it")
	}
	checkVersions(t, filepath.Join(peers, "package.json"), string(document))
}

func stderrOf(err error) string {
	if exit, ok := err.(*exec.ExitError); ok {
		return string(exit.Stderr)
	}
	return ""
}

func checkVersions(t *testing.T, manifest, document string) {
	t.Helper()
	var peers struct{ Dependencies map[string]string }
	data, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &peers); err != nil || len(peers.Dependencies) == 0 {
		t.Fatalf("%s names no peers: %v", manifest, err)
	}
	for name, version := range peers.Dependencies {
		if !strings.Contains(document, name+" "+version) {
			t.Errorf("docs/validators.md does not speak of %s %s", name, version)
		}
	}
}
