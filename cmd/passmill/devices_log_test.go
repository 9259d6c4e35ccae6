package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"passmill/jobs"
)

// TestDevicesLog: what phones said is shown with what it means, or as it is.
func TestDevicesLog(t *testing.T) {
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, 2, database(t))
			s.make()
			db := s.onDemand().db
			err := db.AddPhoneLines(t.Context(), []jobs.PhoneLine{
				{At: time.Now(), TypeID: pretendType, Serial: "M00001", Device: "0123456789ab", Text: "Unexpected response code 404"},
				{At: time.Now(), Text: "hm"},
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(s.dir)
			code, out, stderr := s.run("devices", "log", "--pass", "M00001")
			for _, want := range []string{"pass M00001  phone 0123456789ab\n", "the phone says: Unexpected response code 404\n", "that means: the server knows no such address\n", "to do: "} {
				if code != exitDone || !strings.Contains(out, want) {
					t.Errorf("%d, %s%s lacks %s", code, out, stderr, want)
				}
			}
			code, out, _ = s.run("devices", "log", "--json")
			var lines []saidLine
			for dec := json.NewDecoder(strings.NewReader(out)); dec.More(); {
				var l saidLine
				if err := dec.Decode(&l); err != nil {
					t.Fatal(err)
				}
				lines = append(lines, l)
			}
			if code != exitDone || len(lines) != 2 || lines[0].Text != "hm" || lines[0].Explanation != nil || lines[1].Code != "not-found" {
				t.Errorf("%d, %s", code, out)
			}
			if code, out, _ = s.run("devices", "log", "--pass", "M00000"); code != exitDone || out != "no phone has complained of pass M00000\n" {
				t.Errorf("%d, %s", code, out)
			}
			if code, _, stderr = s.run("devices", "log", "--limit", "0"); code != exitUsage {
				t.Errorf("%d, %s", code, stderr)
			}
		})
	}
	t.Chdir(t.TempDir())
	var stderr bytes.Buffer
	t.Setenv("PASSMILL_DATABASE", "")
	if code := run(t.Context(), []string{"devices", "log"}, &stderr, &stderr); code != exitNotDone || !strings.Contains(stderr.String(), "no ledger") {
		t.Errorf("%d, %s", code, stderr.String())
	}
}
