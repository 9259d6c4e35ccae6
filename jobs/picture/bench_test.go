package picture_test

import (
	"context"
	"fmt"
	"testing"

	"passmill/jobs"
	"passmill/jobs/picture"
)

// BenchmarkPrepare tells what each distinct image costs, by its size.
func BenchmarkPrepare(b *testing.B) {
	for _, size := range [][2]int{{300, 400}, {1200, 1600}, {3024, 4032}} {
		data := jpegOf(b, gradient(size[0], size[1]))
		for _, slot := range []string{"thumbnail", "strip"} {
			b.Run(fmt.Sprintf("%s of %dx%d", slot, size[0], size[1]), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					picture.Prepare(data, slot)
				}
			})
		}
	}
}

// BenchmarkTakeAgain tells what an unchanged image costs in a later run.
func BenchmarkTakeAgain(b *testing.B) {
	a, _ := album(b, map[string][]byte{"a.jpg": jpegOf(b, gradient(1200, 1600))})
	wanted := []jobs.WantedImage{{Slot: "thumbnail", Name: "a.jpg"}}
	s := newStore()
	for b.Loop() {
		again := &picture.Album{Folder: a.Folder, Fetcher: a.Fetcher, Store: s}
		if _, err := again.Take(context.Background(), wanted); err != nil {
			b.Fatal(err)
		}
	}
}
