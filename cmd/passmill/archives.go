package main

import (
	"maps"
	"slices"
	"sync"

	"passmill/jobs"
	"passmill/sign"
)

// Archives lays out passes of which some bring images of their own. A slot that
// a row fills is filled by it alone, and one that it leaves empty by the
// template. So there is one archive for each choice of slots, in which all other
// images stand hashed and laid out once; it is made when the first pass needs it.
// It implements [jobs.Archive].
type archives struct {
	constant map[string][]byte
	files    []string // that differ from pass to pass, without images
	slots    []string // in the order in which their files follow

	mu   sync.Mutex // guards made
	made map[uint]*sign.Archive
}

// newArchives makes the archive of passes without images of their own at once:
// what is wrong with the template shows then. The others hold no name that it
// does not know.
func newArchives(constant map[string][]byte, files, slots []string) (*archives, error) {
	a := &archives{constant: constant, files: files, slots: slots, made: make(map[uint]*sign.Archive)}
	plain, err := sign.NewArchive(constant, files)
	if err != nil {
		return nil, err
	}
	a.made[0] = plain
	return a, nil
}

// slots returns the slots of fields, in their order.
func slots(fields []jobs.Field) (slots []string) {
	for _, f := range fields {
		if f.Type == jobs.TypeImage {
			slots = append(slots, f.Slot)
		}
	}
	return slots
}

// of returns the archive for contents, and the contents that it takes.
func (a *archives) of(contents [][]byte) (*sign.Archive, [][]byte) {
	var choice uint
	taken := slices.Clone(contents[:len(a.files)])
	for i := range a.slots {
		images := contents[len(a.files)+i*jobs.ImageScales:][:jobs.ImageScales]
		if slices.ContainsFunc(images, func(file []byte) bool { return file != nil }) {
			choice |= 1 << i
			taken = append(taken, images...)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.made[choice] == nil {
		a.made[choice] = a.make(choice)
	}
	return a.made[choice], taken
}

// make makes the archive in which a choice of slots is the row's own.
func (a *archives) make(choice uint) *sign.Archive {
	constant, files := maps.Clone(a.constant), slices.Clone(a.files)
	for i, slot := range a.slots {
		if choice>>i&1 == 0 {
			continue
		}
		for _, name := range jobs.ImageFiles(slot) {
			delete(constant, name)
			files = append(files, name)
		}
	}
	archive, err := sign.NewArchive(constant, files)
	if err != nil { // the names are our own, and the rest is part of the plain one
		panic("passmill: an archive with images: " + err.Error())
	}
	return archive
}

// Manifest implements [jobs.Archive].
func (a *archives) Manifest(contents [][]byte) []byte {
	archive, contents := a.of(contents)
	return archive.Manifest(contents)
}

// Pack implements [jobs.Archive].
func (a *archives) Pack(dst []byte, contents [][]byte, manifest, signature []byte) []byte {
	archive, contents := a.of(contents)
	return archive.Pack(dst, contents, manifest, signature)
}

// Same implements [jobs.Archive].
func (a *archives) Same(data []byte, contents [][]byte, manifest []byte) (signature []byte, ok bool) {
	archive, contents := a.of(contents)
	return archive.Same(data, contents, manifest)
}
