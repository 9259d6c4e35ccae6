package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"passmill/sign/verify"
)

type verifyCommand struct {
	Files []string `arg:"" name:"file" help:"Passes (.pkpass), bundles (.pkpasses) and folders of them."`
	Root  []string `type:"existingfile" placeholder:"FILE" help:"Trust this root certificate (PEM) besides Apple's; for pretend and company authorities."`
	JSON  bool     `help:"Print one JSON object for each pass."`
}

// Help is the end of the command's -h.
func (verifyCommand) Help() string {
	return "Each finding ends with its code, which passmill rules explains. Exit status: 0 every pass is good, 3 there is something to mend, 1 could not look."
}

// fewPasses is up to how many passes the good ones are named as well.
const fewPasses = 10

// Run verifies the passes and prints what is wrong with them.
func (c *verifyCommand) Run(ctx context.Context, std streams) error {
	roots, err := trustedRoots(c.Root)
	if err != nil {
		return err
	}
	files, err := findPasses(c.Files)
	if err != nil {
		return err
	}
	good, bad := 0, 0
	page := verdicts{w: std.out, json: c.JSON, many: len(files) > fewPasses, told: map[string]bool{}}
	show := func(v verdict) {
		if v.Good {
			good++
		} else {
			bad++
		}
		page.print(v)
	}
	if err := verifyFiles(ctx, files, verify.Options{Roots: roots, Chains: &verify.Chains{}}, show); err != nil {
		return err
	}
	if !c.JSON {
		fmt.Fprintf(std.out, "%s good, %s to mend\n", thousands(good), thousands(bad))
	}
	if bad > 0 {
		return status{code: exitPartly}
	}
	return nil
}

// verdicts are printed one by one. Of many, the good ones are not named, and how
// to mend a kind of finding is said once.
type verdicts struct {
	w    io.Writer
	json bool
	many bool
	told map[string]bool // kinds of findings that were explained
}

func (p *verdicts) print(v verdict) {
	if p.json {
		line, _ := json.Marshal(v) // strings and booleans can't fail
		fmt.Fprintf(p.w, "%s\n", line)
		return
	}
	if v.Good && p.many {
		return
	}
	if v.Good {
		fmt.Fprintf(p.w, "%s: good (%s, serial number %s)\n", v.File, v.TypeID, v.Serial)
	} else {
		fmt.Fprintf(p.w, "%s: a phone would refuse it\n", v.File)
	}
	for _, f := range v.Findings {
		fmt.Fprintf(p.w, "  %s: %s (%s)\n", f.Severity, strings.TrimPrefix(f.Path+": "+f.Message, ": "), f.Code)
		kind := f.Code + "\n" + f.Fix
		if p.many && p.told[kind] {
			continue
		}
		p.told[kind] = true
		if f.Phone != "" {
			fmt.Fprintf(p.w, "    the phone's log says: %s\n", f.Phone)
		}
		if f.Fix != "" {
			fmt.Fprintf(p.w, "    to mend it: %s\n", f.Fix)
		}
	}
}

// trustedRoots returns Apple's root and those in the files; nil if there are no
// files.
func trustedRoots(files []string) (*x509.CertPool, error) {
	if len(files) == 0 {
		return nil, nil
	}
	roots := verify.AppleRoots()
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, noFile(name, err)
		}
		if !roots.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate in PEM form; convert it with openssl x509 -inform DER", name)
		}
	}
	return roots, nil
}

// findPasses returns the named files, and the passes in the named folders.
func findPasses(names []string) (files []string, err error) {
	for _, name := range names {
		stat, err := os.Stat(name)
		if err != nil {
			return nil, noFile(name, err)
		}
		if !stat.IsDir() {
			files = append(files, name)
			continue
		}
		err = filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && isPass(path) {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no .pkpass file in %s", strings.Join(names, ", "))
	}
	return files, nil
}

func isPass(name string) bool {
	return strings.HasSuffix(name, ".pkpass") || strings.HasSuffix(name, ".pkpasses")
}

// verifyFiles verifies files on all cores and shows the verdicts in their order.
func verifyFiles(ctx context.Context, files []string, o verify.Options, show func(verdict)) error {
	type answer struct {
		verdicts []verdict
		err      error
	}
	answers := make([]chan answer, len(files))
	for i := range answers {
		answers[i] = make(chan answer, 1)
	}
	next := make(chan int)
	var workers sync.WaitGroup
	defer workers.Wait()
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				verdicts, err := verifyFile(files[i], o)
				answers[i] <- answer{verdicts, err}
			}
		})
	}
	go func() {
		defer close(next)
		for i := range files {
			select {
			case next <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	var errs []error
	for _, a := range answers {
		select {
		case answer := <-a:
			errs = append(errs, answer.err)
			for _, v := range answer.verdicts {
				show(v)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.Join(errs...)
}

// verifyFile verifies a pass, or each pass of a bundle.
func verifyFile(name string, o verify.Options) ([]verdict, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(name, ".pkpasses") {
		return []verdict{judge(name, data, o)}, nil
	}
	bundle, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var verdicts []verdict
	for _, f := range bundle.File {
		pass, err := bundled(name, f)
		if err != nil {
			return nil, err
		}
		verdicts = append(verdicts, judge(name+"/"+f.Name, pass, o))
	}
	return verdicts, nil
}

// maxBundledPass bounds what is unpacked of a bundle at once; a bundle as a
// whole has at most 150 MB.
const maxBundledPass = 150 << 20

// bundled unpacks a pass of the bundle of a name.
func bundled(name string, f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", name, f.Name, err)
	}
	pass, err := io.ReadAll(io.LimitReader(r, maxBundledPass))
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", name, f.Name, err)
	}
	return pass, nil
}
