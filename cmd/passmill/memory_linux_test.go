package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"passmill/jobs/sheet/sheettest"
)

// memoryLimit is what a check may take at a million rows, in bytes.
const memoryLimit = 512 << 20

// TestMemory checks workbooks of fifteen columns with growing numbers of rows,
// with inline and with shared strings, and one whose fields stand on a sheet of
// their own, and sees to it that the memory of the
// process stays below the limit. Environment: ROWS, the largest number of rows;
// a campaign takes a million.
func TestMemory(t *testing.T) {
	most := campaign(t, "ROWS", 20_000)
	for _, shared := range []bool{false, true} {
		for rows := most; rows >= most/100 && rows >= 2_000; rows /= 10 {
			t.Run(fmt.Sprintf("%d rows, shared strings %v", rows, shared), func(t *testing.T) { checkMemory(t, rows, 15, 0, shared) })
		}
	}
	t.Run(fmt.Sprintf("%d rows with a field each on another sheet", most), func(t *testing.T) { checkMemory(t, most, 6, 1, true) })
}

// TestReportMemory does the same for a report in which each row has a problem:
// a copy of the workbook up to some size, and rows of it beyond.
func TestReportMemory(t *testing.T) {
	for _, rows := range []int{campaign(t, "ROWS", 30_000), 25_000} {
		t.Run(fmt.Sprintf("%d rows", rows), func(t *testing.T) {
			s := memorySandbox(t, rows, 15, 0, true, "maxLength: 3")
			start, peak, code, out := s.watch("check", "big.yaml", "--report", "problems.xlsx")
			want := fmt.Sprintf("%s rows: 0 good, %[1]s to mend", thousands(rows))
			if code != exitPartly || !strings.Contains(out, want) || !strings.Contains(out, "the report is in problems.xlsx") {
				t.Fatalf("exit status %d\n%s", code, out[max(0, len(out)-2000):])
			}
			fits(t, start, peak)
		})
	}
}

func checkMemory(t *testing.T, rows, columns, fields int, shared bool) {
	s := memorySandbox(t, rows, columns, fields, shared, "maxLength: 1000")
	start, peak, code, out := s.watch("check", "big.yaml")
	if code != exitDone || !strings.Contains(out, fmt.Sprintf("%s rows: %s good, 0 to mend", thousands(rows), thousands(rows))) {
		t.Fatalf("exit status %d\n%s", code, out)
	}
	fits(t, start, peak)
}

func fits(t *testing.T, start time.Time, peak int) {
	t.Helper()
	t.Logf("peak memory %d MiB, %.1f seconds", peak>>20, time.Since(start).Seconds())
	if peak == 0 || peak > memoryLimit {
		t.Errorf("checking took %d MiB, at most %d are allowed", peak>>20, memoryLimit>>20)
	}
}

// watch runs the program and returns when it began, the most memory that it
// held, its exit status and all that it printed.
func (s *sandbox) watch(args ...string) (start time.Time, peak, code int, printed string) {
	s.t.Helper()
	cmd := s.command(nil, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start = time.Now()
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	peak = peakOf(cmd.Process.Pid)
	cmd.Wait() // the exit status says it
	return start, peak, cmd.ProcessState.ExitCode(), out.String()
}

// memorySandbox makes a workspace with a workbook of so many rows and columns, and
// so many pass fields for each row on a sheet of their own; name says more of the
// field that is a name.
func memorySandbox(t *testing.T, rows, columns, fields int, shared bool, name string) *sandbox {
	t.Helper()
	s := newSandbox(t, 0, "")
	s.write("big.yaml", `template: big
source: {file: big.xlsx}
map: {Serial: "`+sheettest.Text(0, 0)+`", Name: "`+sheettest.Text(0, 1)+`", City: "`+sheettest.Text(0, 2)+`", Amount: "`+sheettest.Text(0, 4)+`", Day: "`+sheettest.Text(0, 5)+`"}
serial: Serial
certificate: {p12: pass.p12, passwordFile: password.txt}
output: {dir: out}
`)
	if code, _, stderr := s.run("template", "new", "generic", s.path("big")); code != exitDone {
		t.Fatal(stderr)
	}
	s.write("big/template.json", `{"description": "$$Name", "organizationName": "o", "generic": {"primaryFields": [
		{"key": "a", "value": "$$Name of $$City"}, {"key": "b", "value": "$$Amount"}, {"key": "c", "value": "$$Day", "dateStyle": "PKDateStyleShort"}], "$$backFields"}}`)
	s.write("big/template.yaml", "fields:\n  Name: {"+name+"}\n  Amount: {type: money}\n  Day: {type: date}\n")
	f, err := os.Create(filepath.Join(s.dir, "big.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	if err := sheettest.WriteWorkbookFields(f, rows, columns, fields, shared); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

// peakOf watches a process to its end and returns the most memory that it, or one
// of its children, held. What wait(2) tells will not do: it counts the memory of
// this test's process, which the child shared before it became another program.
func peakOf(pid int) (peak int) {
	for {
		held, running := heldBy(pid)
		if !running { // it has ended, and waits to be asked how
			return peak
		}
		peak = max(peak, held)
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // a good pattern
		for _, task := range tasks {
			children, _ := os.ReadFile(task) // one that has ended has none
			for word := range strings.FieldsSeq(string(children)) {
				if child, err := strconv.Atoi(word); err == nil {
					held, _ := heldBy(child)
					peak = max(peak, held)
				}
			}
		}
		time.Sleep(10 * time.Millisecond) // a process of its own can only be looked at
	}
}

// heldBy returns the most memory that a process has held so far.
func heldBy(pid int) (held int, running bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, line, found := strings.Cut(string(status), "VmHWM:")
	if err != nil || !found {
		return 0, false
	}
	var kib int
	if _, err := fmt.Sscan(line, &kib); err != nil {
		return 0, true
	}
	return kib << 10, true
}
