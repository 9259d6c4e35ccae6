package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "passmill/"

// imports lists, for each package, the packages of this module that it may
// import. Packages import towards jobs, render and sign, which import nothing;
// only the command sees everything. Everyone may import free; a package that is
// not listed fails the test.
var imports = map[string][]string{
	"jobs":                 nil,
	"jobs/caller":          nil,
	"jobs/connect":         nil,
	"jobs/fault":           nil,
	"jobs/jobstest":        {"jobs"},
	"jobs/ledger":          {"jobs", "jobs/connect", "sign"},
	"jobs/ledger/pgtest":   nil,
	"jobs/picture":         {"jobs"},
	"jobs/schedule":        {"jobs"},
	"jobs/sheet":           {"jobs"},
	"jobs/table":           {"jobs", "jobs/connect"},
	"jobs/sheet/sheettest": nil,
	"output/apns":          {"jobs"},
	"output/apns/pretend":  nil, // shares nothing with the client that it is there to test
	"output/dir":           {"jobs"},
	"output/link":          {"jobs"},
	"output/mail":          {"jobs"},
	"output/qr":            nil,
	"output/passkit":       {"jobs"},
	"output/webhook":       nil,
	"output/passkit/phone": {"jobs"},
	"render":               nil,
	"render/preflight":     {"render"},
	"sign":                 nil,
	"sign/certapi":         {"sign", "sign/keyring"},
	"sign/keyring":         {"sign"},
	"sign/secret":          nil,
	"sign/signtest":        {"sign"},
	"sign/verify":          nil, // shares nothing with what it judges
	"templates":            {"jobs", "render", "render/preflight"},
	"templates/artwork":    nil,
	"templates/intake":     {"jobs", "render", "templates"},

	"output/passkit/phone/phonetest": {"jobs", "output/passkit", "output/passkit/phone"},
}

var free = []string{"jobs/caller", "jobs/fault", "sign/secret"}

func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	list := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := list.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, module)
		if name == "cmd/passmill" {
			continue
		}
		allowed, listed := imports[name]
		if !listed {
			t.Errorf("package %s is not in the list: say what it may import", name)
		}
		for _, i := range p.Imports {
			i, ours := strings.CutPrefix(i, module)
			if ours && !slices.Contains(allowed, i) && !slices.Contains(free, i) {
				t.Errorf("package %s must not import %s", name, i)
			}
		}
	}
}
