package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"passmill/jobs/ledger"
)

// The list of who was erased lies beside the settings, outside of the ledger, so that it
// outlives the restoring of a backup. It is only added to.
const (
	erasedFile = "passmill.erased"
	erasedHead = "passmill erased 1 "
)

// kindMail is a hash of an address as the list of suppressed ones has it.
const kindMail = "mail"

// An erasedList is the file. Its first line tells by a check value which key made the
// hashes; the others are of an erasure's hashes each, or lift an erasure by its receipt.
type erasedList struct{ name string }

func (w workspace) erasedList() erasedList { return erasedList{filepath.Join(w.dir, erasedFile)} }

// An erasedText is what the file says.
type erasedText struct {
	check  string
	hashes []ledger.ErasedHash
	lifted map[string]bool // receipts
}

// standing returns the hashes that were not lifted.
func (t erasedText) standing() (list []ledger.ErasedHash) {
	for _, h := range t.hashes {
		if !t.lifted[h.Receipt] {
			list = append(list, h)
		}
	}
	return list
}

// read reads the file; one that is not there is empty. A last line without an end was
// not written whole: what it was of was not begun.
func (l erasedList) read() (t erasedText, err error) {
	t.lifted = map[string]bool{}
	data, err := os.ReadFile(l.name)
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return t, err
	}
	data = data[:bytes.LastIndexByte(data, '\n')+1]
	for n, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		if err := t.line(line); err != nil {
			return t, fmt.Errorf("%s: line %d: %w; bring the file back from a copy", l.name, n+1, err)
		}
	}
	return t, nil
}

func (t *erasedText) line(line string) error {
	if check, ok := strings.CutPrefix(line, erasedHead); ok {
		t.check = check
		return nil
	}
	f := strings.Fields(line)
	switch {
	case len(f) == 0: // where a line was cut short
		return nil
	case len(f) == 3 && f[1] == "lifted":
		t.lifted[f[2]] = true
		return nil
	case len(f) != 5 || f[1] != "erased":
		return nil // cut short, and written again
	}
	at, err := time.Parse(time.RFC3339, f[0])
	if err != nil {
		return err
	}
	h := ledger.ErasedHash{Kind: f[3], Receipt: f[2], At: at}
	if n, err := hex.Decode(h.Hash[:], []byte(f[4])); err != nil || n != len(h.Hash) {
		return errors.New("holds no hash")
	}
	t.hashes = append(t.hashes, h)
	return nil
}

// add writes hashes down, durably.
func (l erasedList) add(check string, hashes []ledger.ErasedHash) error {
	var b strings.Builder
	for _, h := range hashes {
		fmt.Fprintf(&b, "%s erased %s %s %x\n", h.At.UTC().Format(time.RFC3339), h.Receipt, h.Kind, h.Hash)
	}
	return l.write(check, b.String())
}

// lift writes down that erasures do not count any more.
func (l erasedList) lift(check string, receipts []string) error {
	var b strings.Builder
	for _, r := range receipts {
		fmt.Fprintf(&b, "%s lifted %s\n", time.Now().UTC().Format(time.RFC3339), r)
	}
	return l.write(check, b.String())
}

func (l erasedList) write(check, text string) error {
	f, err := os.OpenFile(l.name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	at, err := f.Stat()
	if err != nil {
		return err
	}
	if at.Size() == 0 {
		text = erasedHead + check + "\n" + text
	} else {
		text = "\n" + text // behind a line that was cut short
	}
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if at.Size() > 0 {
		return f.Close()
	}
	return errors.Join(f.Close(), syncDir(filepath.Dir(l.name)))
}

// syncDir makes the names in a folder durable, where the system can.
func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}
