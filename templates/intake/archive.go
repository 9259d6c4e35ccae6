package intake

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Of an entry of more than ratioFrom bytes, unpacked: how many times its size it
// may have. Images and texts of passes stay far below.
const (
	maxRatio  = 200
	ratioFrom = 1 << 20
)

const flagEncrypted = 1

// Parse reads a pass from an archive.
func Parse(data []byte) (*Pass, error) {
	switch {
	case len(data) > maxArchive:
		return nil, fmt.Errorf("has more than %d MiB, which no pass has", maxArchive>>20)
	case bytes.HasPrefix(bytes.TrimLeft(data, "\ufeff \t\r\n"), []byte("{")):
		return nil, errors.New("is no archive, but looks like a pass.json; name the folder in which it lies")
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // paths are judged below
		return nil, fmt.Errorf("is no whole zip archive, as passes are: %w; fetch it again", err)
	}
	if len(z.File) > maxEntries {
		return nil, fmt.Errorf("holds more than %d files; is it a pass?", maxEntries)
	}
	var entries []entry
	seen := make(map[string]bool)
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") && f.UncompressedSize64 == 0 {
			continue // a folder, as many tools write them
		}
		if err := checkEntry(f, seen); err != nil {
			return nil, fmt.Errorf("%.100q: %w", f.Name, err)
		}
		entries = append(entries, entry{f.Name, func() (io.ReadCloser, error) { return f.Open() }})
	}
	return gather(entries)
}

// checkEntry refuses what has no place in an honest archive, wanted or not.
func checkEntry(f *zip.File, seen map[string]bool) error {
	folded := strings.ToLower(f.Name)
	size := f.UncompressedSize64
	switch {
	case !utf8.ValidString(f.Name) || strings.ContainsFunc(f.Name, unicode.IsControl):
		return errors.New("its name is no text; make the archive again")
	case strings.Contains(f.Name, `\`):
		return errors.New(`its name has a backslash; make the archive again with a tool that writes "/"`)
	case path.Clean("/"+f.Name) != "/"+f.Name:
		return errors.New("its path leads out of the archive, or is not the shortest form; this is no honest pass")
	case seen[folded]:
		return errors.New("it stands in the archive twice (capitals don't count); delete one of them")
	case f.Flags&flagEncrypted != 0:
		return errors.New("it is encrypted; unpack the archive with its password and import the folder")
	case size > maxTotal, size > ratioFrom && size/maxRatio > f.CompressedSize64:
		return fmt.Errorf("it unpacks to more than a pass can have, or to more than %d times its size; this is no honest pass", maxRatio)
	}
	seen[folded] = true
	return nil
}
