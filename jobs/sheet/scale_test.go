package sheet_test

import (
	"flag"
	"os"
	"regexp"
	"testing"
	"time"

	"passmill/jobs/sheet"
)

var (
	scale       = flag.Int("scale", 2000, "rows of TestScale's workbook")
	scaleShared = flag.Bool("scale-shared", false, "shared strings in TestScale's workbook")
)

// TestScale reads one workbook whole and tells time and peak memory; a small one
// unless asked for more:
//
//	go test -run TestScale -scale 1000000 -scale-shared -v ./jobs/sheet
func TestScale(t *testing.T) {
	file := workbookFile(t, *scale, 15, *scaleShared)
	stat, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	s, err := sheet.Open(t.Context(), sheet.Options{File: file, Limits: sheet.Wide(), TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	opened := time.Now()
	n := 0
	for _, err := range s.Rows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != *scale {
		t.Errorf("got %d rows, want %d", n, *scale)
	}
	t.Logf("%d rows, shared %v, %d MiB: open %v, rows %v, %s", n, *scaleShared, stat.Size()>>20,
		opened.Sub(start).Round(time.Millisecond), time.Since(opened).Round(time.Millisecond), peak())
}

// peak returns the most memory that this process has had, where the system
// tells.
func peak() string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "peak unknown"
	}
	return string(regexp.MustCompile(`VmHWM:.*`).Find(status))
}
