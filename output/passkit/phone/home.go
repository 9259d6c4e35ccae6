package phone

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// Names in the folder of a phone.
const (
	stateFile  = "phone.json"
	lockFile   = "lock"
	passFolder = "passes"
)

// A Home is the folder that a phone lives in, so that several commands are one
// phone: phone.json with what it remembers, and the files of its passes, which hold
// the tokens that the web service knows it by.
type Home struct {
	Dir string
}

// With lets do work with the phone of the folder, and keeps what becomes of its
// state, whether do succeeds or not. Others who want the phone wait meanwhile. An
// empty folder is a new phone.
func (h Home) With(p *Phone, do func() error) (err error) {
	if err := os.MkdirAll(filepath.Join(h.Dir, passFolder), 0o700); err != nil {
		return fmt.Errorf("make the phone's folder: %w", err)
	}
	lock := flock.New(filepath.Join(h.Dir, lockFile))
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("lock the phone in %s: %w", h.Dir, err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := h.load(p); err != nil {
		return err
	}
	p.Keep = h.keep
	err = do()
	return errors.Join(err, h.tidy(p), h.save(p))
}

func (h Home) load(p *Phone) error {
	data, err := os.ReadFile(filepath.Join(h.Dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		p.State = NewState()
		return h.save(p)
	}
	if err != nil {
		return fmt.Errorf("read the phone: %w", err)
	}
	p.State = State{}
	if err := json.Unmarshal(data, &p.State); err != nil || p.Library == "" {
		return fmt.Errorf("%s is no phone of passmill's: name another folder, or remove it to begin with a new phone", filepath.Join(h.Dir, stateFile))
	}
	return nil
}

func (h Home) save(p *Phone) error {
	data, err := json.MarshalIndent(&p.State, "", "  ")
	if err != nil {
		return err
	}
	return h.write(stateFile, append(data, '\n'))
}

// File is where the file of a pass lies.
func (h Home) File(p *Pass) string {
	sum := sha256.Sum256([]byte(p.TypeID + "\x00" + p.Serial)) // serial numbers are no file names
	return filepath.Join(h.Dir, passFolder, hex.EncodeToString(sum[:8])+".pkpass")
}

func (h Home) keep(p *Pass, data []byte) error {
	name, err := filepath.Rel(h.Dir, h.File(p))
	if err != nil {
		return err
	}
	return h.write(name, data)
}

// tidy removes the files of passes that are gone.
func (h Home) tidy(p *Phone) error {
	held := make(map[string]bool)
	for _, pass := range p.Passes {
		held[h.File(pass)] = true
	}
	files, err := os.ReadDir(filepath.Join(h.Dir, passFolder))
	for _, f := range files {
		if name := filepath.Join(h.Dir, passFolder, f.Name()); !held[name] {
			err = errors.Join(err, os.Remove(name))
		}
	}
	return err
}

// write replaces a file at once. Others may not read it: it holds tokens.
func (h Home) write(name string, data []byte) error {
	name = filepath.Join(h.Dir, name)
	if err := os.WriteFile(name+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}
