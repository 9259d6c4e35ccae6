package jobs_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"passmill/jobs"
)

// settings returns key and value of each line as cells of a sheet, from row 1.
func settings(lines ...[2]jobs.Cell) (list []jobs.Setting) {
	for i, l := range lines {
		at := jobs.Origin{File: "members.xlsx", Sheet: "Job", Row: i + 1}
		key, value := at, at
		key.Column, value.Column = "A", "B"
		list = append(list, jobs.Setting{Key: l[0].Text, Value: l[1], KeyAt: key, ValueAt: value})
	}
	return list
}

func said(key, value string) [2]jobs.Cell {
	kind := jobs.TextCell
	if value == "" {
		kind = jobs.EmptyCell
	}
	return [2]jobs.Cell{{Text: key, Kind: jobs.TextCell}, {Text: value, Kind: kind}}
}

func typed(key string, value jobs.Cell) [2]jobs.Cell {
	return [2]jobs.Cell{{Text: key, Kind: jobs.TextCell}, value}
}

var sheetOfJob = jobs.Origin{File: "members.xlsx", Sheet: "Job"}

func preset(j *jobs.Job) {
	if j.Source.File == "" {
		j.Source.File = "members.xlsx"
	}
	if j.Name == "" {
		j.Name = "members"
	}
}

func TestParseSettings(t *testing.T) {
	got, err := jobs.ParseSettings(settings(
		said("Template", "card"), said("output_dir", "out"), said("Output Name", "{hash:2}/{serial}.pkpass"), said("certificate: p12", "cert.p12"),
		said("", ""), said("SERIAL", "MemberID"), typed("source header", jobs.Cell{Text: "2", Raw: "2", Kind: jobs.NumberCell}),
		typed("onError", jobs.Cell{Text: "1.0%", Raw: "0.0125", Kind: jobs.NumberCell}), said("map.MemberID", "Member no."),
		said("Map First name", "Given name"), said("output.bundle", ""), typed("name", jobs.Cell{Text: "31.12.2026", Raw: "2026-12-31T00:00:00", Kind: jobs.DateCell}),
	), preset, sheetOfJob)
	if err != nil {
		t.Fatal(err)
	}
	want := &jobs.Job{
		Name: "2026-12-31", Template: "card", Source: jobs.SourceSpec{Kind: jobs.SourceFile, File: "members.xlsx", Header: 2},
		Map: map[string]string{"MemberID": "Member no.", "First name": "Given name"}, Serial: "MemberID",
		Certificate: jobs.CertificateSpec{P12: "cert.p12"}, Output: jobs.OutputSpec{Dir: "out", Name: "{hash:2}/{serial}.pkpass"},
		OnError: jobs.Policy{Share: 0.0125},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the job differs (-want +got):\n%s", diff)
	}
}

// TestParseSettingsOfQuery checks that a sheet may say where else the rows are.
func TestParseSettingsOfQuery(t *testing.T) {
	got, err := jobs.ParseSettings(settings(
		said("template", "card"), said("output.dir", "out"), said("certificate.p12", "c"), said("serial", "ID"),
		said("source", "tables"), typed("source.database", jobs.Cell{Text: "crm.db", Kind: jobs.TextCell}),
	), func(*jobs.Job) {}, sheetOfJob)
	if err != nil || got.Source.Kind != jobs.SourceTables || got.Source.Database != "crm.db" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestParseSettingsNamesTheCells checks that everything wrong is said at once,
// each with its cell.
func TestParseSettingsNamesTheCells(t *testing.T) {
	_, err := jobs.ParseSettings(settings(
		said("seriel", "MemberID"), said("template", "card"), said("Template", "cards"), said("header", "2"), said("source.header", "two"),
		said("onError", "sometimes"), said("", "lost"), said("output.name", "all.zip"), said("certificate.p12", "a"), said("certificate.cert", "b"),
		typed("name", jobs.Cell{Text: "#DIV/0!", Kind: jobs.ErrorCell}), said("map", "x"), said("colour", "red"), said("Output", "out"),
		said("output.dir", "out"),
	), preset, sheetOfJob)
	if err == nil {
		t.Fatal("got no error")
	}
	want := []string{
		`members.xlsx, Job!A1: unknown key "seriel" (did you mean "serial"?)`,
		`members.xlsx, Job!A3: the key "Template" stands in Job!A2 already; keep one of the two`,
		`members.xlsx, Job!A4: unknown key "header" (did you mean "source.header"?)`,
		`members.xlsx, Job!B5: source.header: is not a number; write a number such as 1`,
		`members.xlsx, Job!B6: onError: "sometimes" is no policy for bad rows; write skip, stop, or a share such as "1%"`,
		`members.xlsx, Job!B7: a value stands here without a key; write the key to the left of it, or empty the cell`,
		`members.xlsx, Job!B11: name: the formula in this cell has no result but an error; write the value itself`,
		`members.xlsx, Job!A12: unknown key "map"; write map.…`,
		`members.xlsx, Job!A14: unknown key "Output"; write output.dir, output.name, output.bundle`,
		`members.xlsx, Job!A13: unknown key "colour" (there are `,
		`members.xlsx, Job!B8: output: name: `,
		`members.xlsx, Job: certificate: has p12: and also cert: or key:; keep one of the two ways`,
	}
	lines := strings.Split(err.Error(), "\n")
	for _, w := range want {
		found := false
		for _, line := range lines {
			found = found || strings.HasPrefix(line, w)
		}
		if !found {
			t.Errorf("got\n%v\nwant in it: %s", err, w)
		}
	}
	if len(lines) != len(want) || strings.Contains(err.Error(), "serial: is missing") {
		t.Errorf("a mistake is told twice: %v", err)
	}
}

// TestParseSettingsMisses checks that what is missing is said of the sheet.
func TestParseSettingsMisses(t *testing.T) {
	_, err := jobs.ParseSettings(settings(said("template", "card"), said("certificate.p12", "a"), said("onError", "x")), preset, sheetOfJob)
	for _, want := range []string{"members.xlsx, Job!B3: onError", "members.xlsx, Job: serial: is missing", "members.xlsx, Job: output: dir: is missing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

// TestText checks that a job that is written as text is read back equal.
func TestText(t *testing.T) {
	word := rapid.OneOf(rapid.StringN(1, 20, -1), rapid.SampledFrom([]string{"yes", "0012", "1%", "- a", "a: b", "{x}", "#", " x ", "null", "~", "'", "2026-12-31", "a\nb", "SELECT id\nFROM members -- all: {a}\nWHERE id > :since", "SELECT a\n  FROM m\nWHERE b >= 7\n", "a\n", "a\n\n", "a\n  ", "a\n\n  b\n", "<a> & b\n", "|\n", "# a\nb\n", "1e3", ".5", "/tmp/a", "..", "\t", "C:\\x"}))
	rapid.Check(t, func(t *rapid.T) {
		job := &jobs.Job{
			Name: word.Draw(t, "name"), Template: word.Draw(t, "template"), Serial: word.Draw(t, "serial"),
			Map:         rapid.MapOfN(word, word, 1, 3).Draw(t, "map"),
			Certificate: jobs.CertificateSpec{P12: word.Draw(t, "p12"), PasswordEnv: word.Draw(t, "env")},
			Source:      jobs.SourceSpec{Database: "crm.db", Query: word.Draw(t, "query"), Params: map[string]string{"since": word.Draw(t, "since")}},
			Output:      jobs.OutputSpec{Dir: word.Draw(t, "dir"), Bundle: word.Draw(t, "bundle")},
			OnError:     jobs.Policy{Share: float64(rapid.IntRange(0, 100).Draw(t, "share")) / 100},
		}
		if rapid.Bool().Draw(t, "file") {
			job.Source = jobs.SourceSpec{File: word.Draw(t, "file"), Sheet: word.Draw(t, "sheet"), Fields: word.Draw(t, "fields"), Hidden: "keep"}
		}
		if err := job.Complete("x"); err != nil {
			t.Fatal(err)
		}
		text := job.Text()
		again, err := jobs.ParseJob(text, "other.yaml")
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(job, again); diff != "" {
			t.Fatalf("read back it differs (-want +got):\n%s\n%s", diff, text)
		}
	})
}

// TestTextOfQuery checks that a query stays as somebody wrote it.
func TestTextOfQuery(t *testing.T) {
	job := &jobs.Job{Name: "a", Source: jobs.SourceSpec{Database: "crm.db", Query: "SELECT id\n  FROM m\nWHERE a >= :since\n"}}
	want := "  query: |\n    SELECT id\n      FROM m\n    WHERE a >= :since\n"
	if got := string(job.Text()); !strings.Contains(got, want) {
		t.Errorf("got %s, want %s in it", got, want)
	}
}

func TestRebase(t *testing.T) {
	root := t.TempDir()
	job := &jobs.Job{
		Template: "card", Source: jobs.SourceSpec{File: "members.xlsx"},
		Certificate: jobs.CertificateSpec{P12: filepath.ToSlash(root) + "/keys/pass.p12", PasswordFile: "../keys/password.txt"},
		Output:      jobs.OutputSpec{Dir: "out"}, Images: jobs.ImagesSpec{Dir: "photos"},
	}
	job.Rebase(filepath.Join(root, "jobs"), filepath.Join(root, "copies", "members"))
	got := []string{job.Template, job.Source.File, job.Certificate.PasswordFile, job.Output.Dir, job.Source.Database, job.Images.Dir}
	want := []string{"card", "../../jobs/members.xlsx", "../../keys/password.txt", "../../jobs/out", "", "../../jobs/photos"}
	if diff := cmp.Diff(want, got); diff != "" || !filepath.IsAbs(job.Certificate.P12) {
		t.Errorf("(-want +got):\n%s\n%s", diff, job.Certificate.P12)
	}
}
