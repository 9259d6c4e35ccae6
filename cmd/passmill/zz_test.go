package main

import (
	"fmt"
	"path/filepath"
	"testing"
)

func TestZZ(t *testing.T) {
	dir := t.TempDir()
	b, err := newBench(t.Context(), dir, 3000)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		var r roundResult
		bare, _ := b.bare()
		c0 := cpuTime()
		mem, al, _ := b.memory(t.Context())
		c1 := cpuTime()
		if err := b.files(t.Context(), filepath.Join(dir, fmt.Sprint(i)), &r); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("bare %.0f mem %.0f (%.0f allocs, %d µs cpu) files %.0f whole %.0f cpu %.0f µs\n", bare, mem, al, (c1-c0).Microseconds()/3000, r.Files, r.Whole, r.CPU)
	}
}
