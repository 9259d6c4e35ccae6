package sign

import (
	"fmt"
	"io"
)

// Limits of a bundle of passes, from Apple's "Distributing and updating a
// pass": 10 passes or 150 MB, whichever comes first.
const (
	MaxBundlePasses = 10
	MaxBundleBytes  = 150_000_000
)

// WriteBundle writes a .pkpasses file: an archive of passes, which a phone adds
// all at once. names are the file names of the passes, such as "ticket-1.pkpass".
// Equal passes give equal bytes.
func WriteBundle(w io.Writer, names []string, passes [][]byte) error {
	if len(names) != len(passes) {
		panic(fmt.Sprintf("sign: %d names for %d passes", len(names), len(passes)))
	}
	if err := checkBundle(names, passes); err != nil {
		return err
	}
	var directory []byte
	offset := 0
	for i, pass := range passes {
		e := newEntry(names[i]) // stored as it is: a pass is compressed already
		e.fill(pass, offset)
		header := e.appendLocal(nil)
		for _, part := range [][]byte{header, pass} {
			if _, err := w.Write(part); err != nil {
				return fmt.Errorf("pass %s of a bundle: %w", names[i], err)
			}
		}
		directory = e.appendRecord(directory)
		offset += len(header) + len(pass)
	}
	if _, err := w.Write(appendEnd(directory, len(passes), len(directory), offset)); err != nil {
		return fmt.Errorf("directory of a bundle: %w", err)
	}
	return nil
}

func checkBundle(names []string, passes [][]byte) error {
	if n := len(passes); n == 0 || n > MaxBundlePasses {
		return fmt.Errorf("bundle of %d passes: a phone takes 1 to %d at once; make several bundles", n, MaxBundlePasses)
	}
	size := 0
	for _, pass := range passes {
		size += len(pass)
	}
	if size > MaxBundleBytes {
		return fmt.Errorf("bundle of %d bytes: a phone takes at most %d; make several bundles", size, MaxBundleBytes)
	}
	return checkNames(names)
}
