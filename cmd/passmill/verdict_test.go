package main

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passmill/render/preflight"
	"passmill/sign/verify"
)

// Why a phone would refuse the passes of others: most are unsigned, and some
// lack what was taken out of them. Each has no other reason.
var refusals = map[string]string{
	"airbaltic": "unsigned icon required-key", "airberlin": "unsigned icon required-key", "lufthansa": "unsigned icon required-key token",
	"apple-store-UA-sample-unsigned-scrubbed": "unsigned icon", "cleartrip": "unsigned icon", "20231130-motel-one-synthetic": "unsigned icon",
	"boardingpass-v1": "unsigned icon", "boardingpass-v2": "unsigned icon", "generic-pass": "unsigned icon required-key",
	"bad": "marker-differs", "good": "",
}

// TestVerdicts judges passes that others made, with the rules of all rooms.
func TestVerdicts(t *testing.T) {
	judged := make(map[string]bool)
	err := filepath.WalkDir("../../sign/verify/testdata/passes", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".pkpass" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(filepath.Base(path), ".pkpass")
		judged[name] = true
		v := judge(path, data, verify.Options{})
		var want, got []string
		for code := range strings.FieldsSeq(strings.ReplaceAll(refusals[name], "unsigned", "no-manifest no-signature")) {
			want = append(want, code)
		}
		for _, f := range v.Findings {
			if f.Severity == "refused" && !slices.Contains(got, f.Code) {
				got = append(got, f.Code)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: refused for (-want +got):\n%s", path, diff)
		}
		if v.Good != (len(want) == 0) {
			t.Errorf("%s: good is %v", path, v.Good)
		}
		return nil
	})
	if err != nil || len(judged) != len(refusals) {
		t.Fatalf("%d passes judged, want %d: %v", len(judged), len(refusals), err)
	}
}

// TestJudge checks that each mistake is said once, and that what real passes have
// in their JSON is read past.
func TestJudge(t *testing.T) {
	example, _ := preflight.Example{}.Pass()
	for _, tt := range []struct {
		name, pass string
		want       []string // besides that it is unsigned and has no icon
	}{
		{"a good one", string(example), nil},
		{"a comment and a comma", "// made by hand\n" + strings.TrimSuffix(string(example), "}") + ",}", []string{"json-loose", "json-loose"}},
		{"half of one", `{"formatVersion": 1`, []string{"pass-malformed"}},
		{"no object", `[]`, []string{"pass-malformed"}},
		{"a lone surrogate", strings.Replace(string(example), "Ada", `\ud800`, 1), []string{"json"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, f := range judge("x.pkpass", zipped(t, tt.pass), verify.Options{}).Findings {
				if f.Code != "no-manifest" && f.Code != "no-signature" && f.Code != "icon" {
					got = append(got, f.Code)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("codes (-want +got):\n%s", diff)
			}
		})
	}
}

// TestJudgeDamaged checks that a file that can't be read is not said to lack.
func TestJudgeDamaged(t *testing.T) {
	example, _ := preflight.Example{}.Pass()
	data := zipped(t, string(example), "icon.png", "an icon that is stored")
	data[bytes.Index(data, []byte("an icon"))] ^= 1
	var got []string
	for _, f := range judge("x.pkpass", data, verify.Options{}).Findings {
		got = append(got, f.Code)
	}
	if diff := cmp.Diff([]string{"file-damaged", "no-manifest", "no-signature"}, got); diff != "" {
		t.Errorf("codes (-want +got):\n%s", diff)
	}
}

// zipped packs pass.json and other files, each a name and a content.
func zipped(t *testing.T, pass string, others ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	files := append([]string{"pass.json", pass}, others...)
	for i := 0; i < len(files); i += 2 {
		f, err := z.CreateHeader(&zip.FileHeader{Name: files[i], Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestVerdictsOfMany checks that how to mend a kind of finding is said once, and
// that the good ones are not named.
func TestVerdictsOfMany(t *testing.T) {
	var out bytes.Buffer
	p := verdicts{w: &out, many: true, told: map[string]bool{}}
	icon := finding{Code: "icon", Severity: "refused", Path: "icon.png", Message: "is not there", Phone: "no icon", Fix: "add it"}
	p.print(verdict{File: "a", Findings: []finding{icon}})
	p.print(verdict{File: "b", Good: true})
	p.print(verdict{File: "c", Findings: []finding{icon, {Code: "type", Severity: "refused", Message: "m", Fix: "add it"}}})
	want := `a: a phone would refuse it
  refused: icon.png: is not there (icon)
    the phone's log says: no icon
    to mend it: add it
c: a phone would refuse it
  refused: icon.png: is not there (icon)
  refused: m (type)
    to mend it: add it
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
