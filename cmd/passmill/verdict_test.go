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

func zipped(t *testing.T, pass string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("pass.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(pass)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
