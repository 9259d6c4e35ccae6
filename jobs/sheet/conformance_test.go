package sheet_test

import (
	"testing"

	"passmill/jobs/jobstest"
	"passmill/jobs/sheet"
)

func TestSource(t *testing.T) {
	files := map[string]string{
		"workbook": write(t, "m.xlsx", workbook(t, 50, 3, true)),
		"csv":      write(t, "m.csv", []byte("A,B\n1,one\n2,two\n,\n3,three\n")),
	}
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			s, err := sheet.Open(t.Context(), sheet.Options{File: file})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			jobstest.TestSource(t, s)
		})
	}
}
