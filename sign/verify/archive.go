package verify

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of what is read. A pass has a dozen files and a few megabytes; phones
// take 150 MB in ten passes.
const (
	maxArchive = 64 << 20
	maxFiles   = 1000
	maxTotal   = 64 << 20 // of all files together, unpacked
	maxRatio   = 200      // of a file of more than ratioFrom bytes
	ratioFrom  = 1 << 20
)

const flagEncrypted = 1

// A bundle is an opened pass: its files by path.
type bundle struct {
	names []string // sorted
	files map[string][]byte
	bad   map[string]bool // files that are in the archive, but were not read
}

// has reports whether a file is in the archive, readable or not.
func (b *bundle) has(name string) bool { return b.files[name] != nil || b.bad[name] }

// open reads the archive. It returns nil if nothing further can be said.
func (r *Report) open(data []byte) *bundle {
	if len(data) > maxArchive {
		r.add("too-large", "the archive has %d bytes, more than the %d that a pass may have", len(data), maxArchive)
		return nil
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	// ErrInsecurePath comes with a reader; the paths are judged below.
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		r.add("not-a-zip", "the file is not a whole zip archive: %v", err)
		return nil
	}
	if !r.bounded(z) {
		return nil
	}
	r.checkEnds(data, z)
	b := &bundle{files: make(map[string][]byte, len(z.File)), bad: map[string]bool{}}
	for _, f := range z.File {
		r.openFile(b, f, data)
	}
	slices.Sort(b.names)
	if r.insideFolder(b) {
		return nil
	}
	return b
}

// bounded refuses an archive that unpacks to too much, before it is unpacked.
func (r *Report) bounded(z *zip.Reader) bool {
	if len(z.File) > maxFiles {
		r.add("too-large", "the archive has %d files, more than the %d that a pass may have", len(z.File), maxFiles)
		return false
	}
	var total uint64
	for _, f := range z.File {
		if f.UncompressedSize64 > maxTotal-total {
			r.add("too-large", "the files unpack to more than the %d bytes that a pass may have", maxTotal)
			return false
		}
		total += f.UncompressedSize64
		if f.UncompressedSize64 > ratioFrom && f.UncompressedSize64/maxRatio > f.CompressedSize64 {
			r.add("too-large", "%q unpacks to more than %d times its size", f.Name, maxRatio)
			return false
		}
	}
	return true
}

// checkEnds looks for bytes before the first file and after the directory, in
// which two readers may see two archives.
func (r *Report) checkEnds(data []byte, z *zip.Reader) {
	const endLen = 22
	end := bytes.LastIndex(data, []byte("PK\x05\x06"))
	switch {
	case len(z.File) > 0 && !bytes.HasPrefix(data, []byte("PK\x03\x04")):
		r.add("extra-bytes", "bytes stand before the first file of the archive")
	case end < 0 || end+endLen > len(data):
		r.add("extra-bytes", "the archive does not end with its directory")
	case end+endLen+int(binary.LittleEndian.Uint16(data[end+20:])) != len(data):
		r.add("extra-bytes", "bytes stand after the end of the archive")
	}
}

// openFile judges the path of a file and reads it.
func (r *Report) openFile(b *bundle, f *zip.File, data []byte) {
	if why := badPath(f.Name); why != "" {
		r.add("bad-path", "the path %q %s", f.Name, why)
		return
	}
	if strings.HasSuffix(f.Name, "/") {
		return // a folder, as many zip tools write them
	}
	if isStray(f.Name) {
		r.add("stray-file", "%q is a hidden or a system's file", f.Name)
		return
	}
	if b.has(f.Name) {
		r.add("duplicate-file", "%q stands in the archive twice", f.Name)
		return
	}
	b.names = append(b.names, f.Name)
	if f.Flags&flagEncrypted != 0 {
		r.add("encrypted-file", "%q is encrypted", f.Name)
		b.bad[f.Name] = true
		return
	}
	content, err := unpack(f, data)
	if err != nil {
		r.add("file-damaged", "%q cannot be unpacked: %v", f.Name, err)
		b.bad[f.Name] = true
		return
	}
	b.files[f.Name] = content
}

// unpack returns the content of a file. One that is merely stored is not
// copied.
func unpack(f *zip.File, data []byte) ([]byte, error) {
	if f.Method == zip.Store && f.CompressedSize64 == f.UncompressedSize64 {
		from, err := f.DataOffset()
		if err != nil {
			return nil, err
		}
		to := from + int64(f.UncompressedSize64)
		if to > int64(len(data)) {
			return nil, io.ErrUnexpectedEOF
		}
		if crc32.ChecksumIEEE(data[from:to]) != f.CRC32 {
			return nil, zip.ErrChecksum
		}
		return data[from:to:to], nil
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	// The reader itself stops at the size of the directory, and compares the
	// checksum there.
	content := make([]byte, f.UncompressedSize64)
	if _, err := io.ReadFull(r, content); err != nil {
		return nil, err
	}
	if n, err := r.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		return nil, errors.Join(errors.New("it is longer than the directory says"), err)
	}
	return content, nil
}

// insideFolder reports whether the pass lies in a folder of the archive.
func (r *Report) insideFolder(b *bundle) bool {
	if b.has("pass.json") {
		return false
	}
	for _, name := range b.names {
		if dir, file := path.Split(name); file == "pass.json" && strings.Count(dir, "/") == 1 {
			r.add("top-folder", "the files lie in the folder %q of the archive, not at its top", dir)
			return true
		}
	}
	return false
}

// badPath says what is wrong with the path of a file, "" if nothing is.
func badPath(name string) string {
	switch {
	case !utf8.ValidString(name):
		return "is not UTF-8"
	case strings.ContainsRune(name, '\\'):
		return "has a backslash"
	case strings.HasPrefix(name, "/"):
		return "begins at the root"
	case strings.ContainsRune(name, 0):
		return "holds a NUL"
	case name == "" || path.Clean("/"+name) != "/"+strings.TrimSuffix(name, "/"):
		return "is not the shortest form, or leads out of the pass"
	}
	return ""
}

// isStray reports whether a file is one that systems leave in folders. Apple: a
// pass "can't contain metadata files" ("Building a Pass").
func isStray(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") || part == "__MACOSX" || strings.EqualFold(part, "Thumbs.db") || strings.EqualFold(part, "desktop.ini") {
			return true
		}
	}
	return false
}
