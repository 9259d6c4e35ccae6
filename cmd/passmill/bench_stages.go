package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"io"
	"time"

	"passmill/jobs"
	"passmill/sign"
)

// A stage is what one step costs for one pass on one core.
type stage struct {
	name string
	cost time.Duration
}

// fillRow fills the template with a staged row.
func (w *work) fillRow(row jobs.Staged) ([][]byte, error) {
	values, err := w.parseRow(row)
	if err != nil {
		return nil, err
	}
	return w.filler.fill(values, row.Serial)
}

// stages measures each step alone, one after the other, over the same rows.
func (b *bench) stages() []stage {
	rows := b.rows[:min(len(b.rows), 500)]
	archive, err := sign.NewArchive(b.work.filler.constant, b.work.filler.compiled.Files())
	if err != nil {
		return nil
	}
	contents := make([][][]byte, len(rows))
	manifests, signatures := make([][]byte, len(rows)), make([][]byte, len(rows))
	each := func(name string, do func(i int)) stage {
		start := time.Now()
		for i := range rows {
			do(i)
		}
		return stage{name, time.Since(start) / time.Duration(len(rows))}
	}
	key, _ := b.issued.Key.(*rsa.PrivateKey)
	buffer := make([]byte, 0, 1<<20)
	var failed error
	note := func(err error) {
		if err != nil {
			failed = err
		}
	}
	stages := []stage{
		each("preflight the row's pass", func(i int) { b.work.filler.preflight(b.values[i], rows[i].Serial) }),
		each("read the row's values and fill the template", func(i int) {
			var err error
			contents[i], err = b.work.fillRow(rows[i])
			note(err)
		}),
		each("hash and make the manifest", func(i int) { manifests[i] = archive.Manifest(contents[i]) }),
		each("sign: RSA alone", func(i int) {
			digest := sha256.Sum256(manifests[i])
			_, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
			note(err)
		}),
		each("sign: with everything around RSA", func(i int) {
			s, err := b.work.identity.Sign(context.Background(), manifests[i:i+1])
			note(err)
			if err == nil {
				signatures[i] = s[0]
			}
		}),
		each("pack the archive", func(i int) { buffer = archive.Pack(buffer[:0], contents[i], manifests[i], signatures[i]) }),
	}
	if failed != nil {
		return nil
	}
	return stages
}

func printStages(w io.Writer, stages []stage) {
	fmt.Fprintln(w, "\nWhat a pass costs on one core, step by step:")
	for _, s := range stages {
		fmt.Fprintf(w, "  %-45s %8.1f µs\n", s.name, float64(s.cost.Nanoseconds())/1000)
	}
}
