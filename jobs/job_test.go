package jobs_test

import (
	"strings"
	"testing"

	"passmill/jobs"
)

const goodJob = `name: members
template: templates/storecard
source: {file: members.xlsx, sheet: Members, header: 1, hidden: skip}
map: {MemberID: "Member no."}
serial: MemberID
certificate: {p12: cert.p12, passwordEnv: PASS_PASSWORD, intermediate: wwdr.pem}
output: {dir: out, name: "{serial}.pkpass", bundle: FamilyID}
onError: "1%"
`

func TestParseJob(t *testing.T) {
	job, err := jobs.ParseJob([]byte(goodJob), "members.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if job.OnError.Share != 0.01 || job.Map["MemberID"] != "Member no." || job.Output.Bundle != "FamilyID" {
		t.Errorf("got %+v", job)
	}
}

func TestParseJobNamesTheMistake(t *testing.T) {
	tests := map[string]struct {
		old, new string
		want     []string
	}{
		"unknown key":         {"serial:", "seriel:", []string{"members.yaml:5:1", `unknown key "seriel"`, `did you mean "serial"?`}},
		"unknown inner key":   {"sheet:", "sheets:", []string{"members.yaml:3:", `did you mean "sheet"?`}},
		"policy":              {`"1%"`, "sometimes", []string{`"sometimes" is no policy`, "skip, stop"}},
		"not yaml":            {"serial: MemberID", "serial: [", []string{"members.yaml:"}},
		"wrong type":          {"header: 1", "header: one", []string{"members.yaml:3:"}},
		"duplicate key":       {"serial: MemberID", "serial: A\nserial: B", []string{"members.yaml:6:1"}},
		"pattern":             {"{serial}.pkpass", "{seriall}.zip", []string{"unknown {seriall}", "must end in .pkpass"}},
		"several at once":     {"template: templates/storecard\n", "", []string{"template: is missing"}},
		"hidden":              {"hidden: skip", "hidden: maybe", []string{"must be skip or keep"}},
		"two passwords":       {"passwordEnv: PASS_PASSWORD", "passwordEnv: A, passwordFile: b", []string{"keep one"}},
		"no certificate":      {"p12: cert.p12, ", "", []string{"certificate: names no certificate"}},
		"registry and files":  {"p12: cert.p12", "name: Members, p12: cert.p12", []string{"keep one of the two ways"}},
		"two of the registry": {"{p12: cert.p12, passwordEnv: PASS_PASSWORD, intermediate: wwdr.pem}", "{name: Members, passType: pass.a}", []string{"has name: and passType:; keep one"}},
		"pattern all alike":   {"{serial}.pkpass", "all.pkpass", []string{"every pass the same name"}},
		"pattern leads out":   {"{serial}.pkpass", "../{serial}.pkpass", []string{"begins or ends with a full stop"}},
		"pattern windows":     {"{serial}.pkpass", "a:{serial}.pkpass", []string{"can't be in file names"}},
		"pattern two dots":    {"{serial}.pkpass", "a/../{serial}.pkpass", []string{"full stop"}},
		"pattern digits only": {"{serial}.pkpass", "{serial}{row}.pkpass", []string{"no digit between {serial} and {row}"}},
		"pattern device":      {"{serial}.pkpass", "con/{serial}.pkpass", []string{"device on Windows"}},
		"pattern empty part":  {"{serial}.pkpass", "a//{serial}.pkpass", []string{"is empty"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(goodJob, test.old, test.new, 1)
			_, err := jobs.ParseJob([]byte(text), "members.yaml")
			if err == nil {
				t.Fatal("got no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want %q in it", err, want)
				}
			}
		})
	}
}

// TestSourceKinds checks which keys of a source go together, and how each
// mistake is named.
func TestSourceKinds(t *testing.T) {
	tests := map[string]struct{ source, want string }{
		"file":          {"{file: a.csv}", ""},
		"query":         {"{database: crm.db, query: SELECT 1}", ""},
		"environment":   {"{databaseEnv: CRM, query: SELECT 1, key: id, params: {club: 7}, timeZone: Europe/Berlin}", ""},
		"tables":        {"tables", ""},
		"named tables":  {"{kind: tables, database: crm.db}", ""},
		"word":          {"sheets", "is none that is known"},
		"mixed":         {"{file: a.csv, database: crm.db, query: SELECT 1}", "don't go with a database"},
		"no query":      {"{file: a.csv, key: id}", "belong to a query:"},
		"no database":   {"{query: SELECT 1}", "database: is missing"},
		"two databases": {"{query: SELECT 1, database: a.db, databaseEnv: A}", "keep one"},
		"password":      {"{query: SELECT 1, database: 'postgres://u:secret@h/d'}", "holds a password"},
		"password last": {"{query: SELECT 1, database: 'postgres://u@h/d?password=secret'}", "holds a password"},
		"zone":          {"{query: SELECT 1, database: a.db, timeZone: Berlin}", `"Berlin" is no time zone`},
		"tables' query": {"{kind: tables, query: SELECT 1}", "don't go with tables"},
		"unknown key":   {"{fil: a.csv}", `did you mean "file"?`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(goodJob, "{file: members.xlsx, sheet: Members, header: 1, hidden: skip}", test.source, 1)
			_, err := jobs.ParseJob([]byte(text), "members.yaml")
			switch {
			case test.want == "" && err != nil:
				t.Errorf("got error %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got error %v, want %q in it", err, test.want)
			case err != nil && strings.Contains(err.Error(), "secret"):
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}
