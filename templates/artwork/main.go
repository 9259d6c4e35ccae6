// Command artwork draws the images of the starter templates: icons, logos,
// strips, a thumbnail, a background and a footer, each at @1x, @2x and @3x.
//
// Every picture is a small function that draws flat shapes in points, so that
// all scales of it agree. There are no source images and no fonts: the
// wordmarks are built from arcs and stems. Drawing twice gives equal bytes.
// Run it at the top of the repository after changing a picture,
//
//	go run ./templates/artwork
//
// or go generate ./templates/artwork; the argument names the folder of the
// starters, if it is another one. The command knows nothing of passes.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

//go:generate go run . ../starters

func main() {
	dir := filepath.Join("templates", "starters")
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	if err := writeAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, "artwork:", err)
		os.Exit(1)
	}
}

// writeAll draws every picture into the folder of its starter below dir.
func writeAll(dir string) error {
	for _, p := range pictures {
		if err := os.MkdirAll(filepath.Join(dir, p.starter), 0o755); err != nil {
			return err
		}
		for _, scale := range []int{1, 2, 3} {
			data, err := encode(p.render(scale), p.colours)
			if err != nil {
				return fmt.Errorf("%s/%s: %w", p.starter, p.fileName(scale), err)
			}
			if err := os.WriteFile(filepath.Join(dir, p.starter, p.fileName(scale)), data, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
