package sheet_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"passmill/jobs/sheet"
	"passmill/jobs/sheet/sheettest"
)

// BenchmarkWorkbook measures Open and Rows against a bare loop over excelize's
// Rows, in turns over the same file.
func BenchmarkWorkbook(b *testing.B) {
	for _, shared := range []bool{false, true} {
		b.Run(fmt.Sprintf("shared=%v", shared), func(b *testing.B) {
			const rows = 5000
			file := workbookFile(b, rows, 15, shared)
			var ours, bare time.Duration
			for b.Loop() {
				start := time.Now()
				if n := drain(b, sheet.Options{File: file}); n != rows {
					b.Fatalf("got %d rows, want %d", n, rows)
				}
				ours += time.Since(start)
				start = time.Now()
				bareRows(b, file)
				bare += time.Since(start)
			}
			b.ReportMetric(float64(ours)/float64(bare), "x-excelize")
			b.ReportMetric(float64(ours.Microseconds())/float64(rows*b.N), "µs/row")
			b.ReportMetric(float64(bare.Microseconds())/float64(rows*b.N), "excelize-µs/row")
		})
	}
}

func workbookFile(tb testing.TB, rows, columns int, shared bool) string {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "members.xlsx")
	file, err := os.Create(name)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	if err := sheettest.WriteWorkbook(file, rows, columns, shared); err != nil {
		tb.Fatal(err)
	}
	return name
}

// drain counts the rows of a file.
func drain(tb testing.TB, o sheet.Options) int {
	tb.Helper()
	s, err := sheet.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	defer s.Close()
	n := 0
	for _, err := range s.Rows(tb.Context()) {
		if err != nil {
			tb.Fatal(err)
		}
		n++
	}
	return n
}

func bareRows(b *testing.B, file string) {
	b.Helper()
	book, err := excelize.OpenFile(file)
	if err != nil {
		b.Fatal(err)
	}
	defer book.Close()
	rows, err := book.Rows("Members")
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if _, err := rows.Columns(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCSV measures Open and Rows beside encoding/csv alone.
func BenchmarkCSV(b *testing.B) {
	const rows = 100_000
	var text strings.Builder
	text.WriteString("member,first,last,mail,city,points,tier,since\n")
	for i := range rows {
		fmt.Fprintf(&text, "M-%07d,Zoë,Müller,zoe.%d@example.com,\"Halle, Saale\",%d,gold,2024-05-%02d\n", i, i, i%5000, i%28+1)
	}
	name := filepath.Join(b.TempDir(), "members.csv")
	if err := os.WriteFile(name, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	var ours, bare time.Duration
	for b.Loop() {
		start := time.Now()
		if n := drain(b, sheet.Options{File: name}); n != rows {
			b.Fatalf("got %d rows, want %d", n, rows)
		}
		ours += time.Since(start)
		start = time.Now()
		data, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		in := csv.NewReader(bytes.NewReader(data))
		in.ReuseRecord = true
		for {
			if _, err := in.Read(); err == io.EOF {
				break
			}
		}
		bare += time.Since(start)
	}
	b.ReportMetric(float64(ours.Nanoseconds())/float64(rows*b.N), "ns/row")
	b.ReportMetric(float64(bare.Nanoseconds())/float64(rows*b.N), "csv-ns/row")
}
