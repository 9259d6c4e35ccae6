package sign

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Names and media types of Apple's formats ("Building a Pass" and "Distributing
// and updating a pass").
const (
	MediaType       = "application/vnd.apple.pkpass"
	BundleMediaType = "application/vnd.apple.pkpasses"

	manifestName  = "manifest.json"
	signatureName = "signature"
)

// Bounds of a template, so that no number comes near the limits of a plain zip
// archive: 4 GiB and 65,535 files.
const (
	maxConstant = 256 << 20
	maxFiles    = 1000
)

// An Archive makes the manifests and archives of all passes of one template
// version. The files that they share stand at the head of each archive, hashed,
// compressed and laid out once; the files that differ, the manifest and the
// signature follow, stored as they are. Equal contents give equal bytes.
//
// Everywhere, contents holds the dynamic files in the order in which
// [NewArchive] was given their names; nil stands for a file that the pass does
// not have, which is another thing than an empty one. Another number of them is
// a bug, and panics. An Archive never changes and is safe for concurrent use.
type Archive struct {
	head      []byte  // local headers and contents of the constant files
	directory []byte  // their records in the central directory
	constant  int     // how many they are
	dynamic   []entry // the others, without sizes
	manifest  entry
	signature entry
	template  []byte // a manifest with zeros for hashes that differ, and a comma behind each line
	lines     []line // where in template each dynamic file stands
}

// NewArchive lays out an archive. The keys of constant are paths in the pass,
// such as "icon@2x.png" and "de.lproj/pass.strings"; dynamic names the files
// that differ from pass to pass. All paths that are wrong are reported at once.
func NewArchive(constant map[string][]byte, dynamic []string) (*Archive, error) {
	names := slices.Sorted(maps.Keys(constant))
	if n := len(constant) + len(dynamic); n > maxFiles {
		return nil, fmt.Errorf("template has %d files: at most %d are allowed", n, maxFiles)
	}
	if err := checkNames(append(slices.Clone(names), dynamic...)); err != nil {
		return nil, err
	}
	size := 0
	for _, content := range constant {
		size += len(content)
	}
	if size > maxConstant {
		return nil, fmt.Errorf("files of the template have %d bytes together: at most %d are allowed", size, maxConstant)
	}
	a := &Archive{manifest: newEntry(manifestName), signature: newEntry(signatureName), constant: len(names)}
	for _, name := range names {
		if err := a.addConstant(name, constant[name]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, name := range dynamic {
		a.dynamic = append(a.dynamic, newEntry(name))
	}
	a.compileManifest(constant, dynamic)
	return a, nil
}

func (a *Archive) addConstant(name string, content []byte) error {
	e := newEntry(name)
	e.fill(content, len(a.head))
	data, err := e.compress(content)
	if err != nil {
		return err
	}
	a.head = append(e.appendLocal(a.head), data...)
	a.directory = e.appendRecord(a.directory)
	return nil
}

// A line is the place of a file in the manifest: from its name to behind the
// comma, and the hash in between.
type line struct{ from, hash, to int }

// compileManifest writes the manifest of a pass whose dynamic files all hash to
// zeros, and notes where the zeros stand.
func (a *Archive) compileManifest(constant map[string][]byte, dynamic []string) {
	hashes := make(map[string]string, len(constant)+len(dynamic))
	for name, content := range constant {
		sum := sha1.Sum(content) // the format asks for SHA-1
		hashes[name] = hex.EncodeToString(sum[:])
	}
	for _, name := range dynamic {
		hashes[name] = string(bytes.Repeat([]byte{'0'}, hex.EncodedLen(sha1.Size)))
	}
	a.lines = make([]line, len(dynamic))
	a.template = append(a.template, '{')
	for _, name := range slices.Sorted(maps.Keys(hashes)) {
		l := line{from: len(a.template)}
		// checkNames admits only what strconv quotes as JSON does.
		a.template = append(strconv.AppendQuote(a.template, name), ':', '"')
		l.hash = len(a.template)
		a.template = append(append(a.template, hashes[name]...), '"', ',')
		l.to = len(a.template)
		if at := slices.Index(dynamic, name); at >= 0 {
			a.lines[at] = l
		}
	}
}

// Manifest returns the manifest.json of a pass: a JSON object that holds the
// SHA-1 sum of every file, sorted by name.
func (a *Archive) Manifest(contents [][]byte) []byte {
	a.mustMatch(contents)
	manifest := slices.Clone(a.template)
	for i, content := range contents {
		if content != nil {
			sum := sha1.Sum(content) // the format asks for SHA-1
			hex.Encode(manifest[a.lines[i].hash:], sum[:])
		}
	}
	manifest = a.dropLines(manifest, contents)
	if len(manifest) == 1 {
		return append(manifest, '}')
	}
	manifest[len(manifest)-1] = '}' // in the place of the last comma
	return manifest
}

// dropLines takes the lines of absent files out of a manifest.
func (a *Archive) dropLines(manifest []byte, contents [][]byte) []byte {
	var absent []line
	for i, content := range contents {
		if content == nil {
			absent = append(absent, a.lines[i])
		}
	}
	slices.SortFunc(absent, func(k, l line) int { return l.from - k.from }) // from the end, so that places stay true
	for _, l := range absent {
		manifest = slices.Delete(manifest, l.from, l.to)
	}
	return manifest
}

// Pack appends the whole archive of a pass to dst. Contents, manifest and
// signature must be below 4 GiB together.
func (a *Archive) Pack(dst []byte, contents [][]byte, manifest, signature []byte) []byte {
	a.mustMatch(contents)
	dst = slices.Grow(dst, a.size(contents, manifest)+len(signature))
	start := len(dst)
	dst = append(dst, a.head...)
	entries := make([]entry, 0, 8)
	add := func(e entry, content []byte) {
		e.fill(content, len(dst)-start)
		dst = append(e.appendLocal(dst), content...)
		entries = append(entries, e)
	}
	for i, content := range contents {
		if content != nil {
			add(a.dynamic[i], content)
		}
	}
	add(a.manifest, manifest)
	add(a.signature, signature)
	directory := len(dst) - start
	dst = append(dst, a.directory...)
	for i := range entries {
		dst = entries[i].appendRecord(dst)
	}
	return appendEnd(dst, a.constant+len(entries), len(dst)-start-directory, directory)
}

// size returns the size of an archive without the bytes of its signature.
func (a *Archive) size(contents [][]byte, manifest []byte) int {
	n := len(a.head) + len(a.directory) + endLen
	for i, content := range contents {
		if content != nil {
			n += a.dynamic[i].overhead() + len(content)
		}
	}
	return n + a.manifest.overhead() + len(manifest) + a.signature.overhead()
}

// Same reports whether data is byte for byte what Pack makes of contents,
// manifest and the signature that data carries, and returns that signature. It
// does not verify the signature.
func (a *Archive) Same(data []byte, contents [][]byte, manifest []byte) (signature []byte, ok bool) {
	a.mustMatch(contents)
	length := len(data) - a.size(contents, manifest)
	if length < 0 {
		return nil, false
	}
	// The signature is the last file before the directory.
	end := len(data) - endLen - len(a.directory) - a.manifest.recordLen() - a.signature.recordLen()
	for i, content := range contents {
		if content != nil {
			end -= a.dynamic[i].recordLen()
		}
	}
	signature = data[end-length : end : end]
	if !bytes.Equal(data, a.Pack(nil, contents, manifest, signature)) {
		return nil, false
	}
	return signature, true
}

func (a *Archive) mustMatch(contents [][]byte) {
	if len(contents) != len(a.dynamic) {
		panic(fmt.Sprintf("sign: %d contents for %d dynamic files", len(contents), len(a.dynamic)))
	}
}

// checkNames reports every path that must not stand in a pass.
func checkNames(names []string) error {
	var errs []error
	seen := map[string]bool{manifestName: true, signatureName: true}
	for _, name := range names {
		if err := checkName(name); err != nil {
			errs = append(errs, fmt.Errorf("file %q of the template: %w", name, err))
		} else if seen[name] {
			errs = append(errs, fmt.Errorf("file %q stands twice in the pass, or passmill makes it: take it out of the template", name))
		}
		seen[name] = true
	}
	return errors.Join(errs...)
}
