package sign

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"path"
	"slices"
	"strings"
	"unicode"
)

// Numbers of the zip format, from PKWARE's APPNOTE.TXT 6.3.10, sections 4.3
// and 4.4.
const (
	localSignature  = 0x04034b50
	recordSignature = 0x02014b50
	endSignature    = 0x06054b50

	localLen  = 30
	recordLen = 46
	endLen    = 22

	versionStored   = 10
	versionDeflated = 20
	madeByUnix      = 3<<8 | versionDeflated
	flagUTF8        = 1 << 11
	methodStored    = 0
	methodDeflated  = 8
	modeFile        = 0o100644 << 16
	dosDate         = 1<<5 | 1 // 1 January 1980, the earliest: so equal passes are equal bytes
)

// An entry is one file of a zip archive.
type entry struct {
	name   string
	method uint16
	crc    uint32
	stored uint32 // compressed size
	size   uint32
	offset uint32 // of the local header
}

func newEntry(name string) entry { return entry{name: name} }

// overhead returns what the entry adds to an archive besides its content.
func (e *entry) overhead() int { return localLen + len(e.name) + e.recordLen() }

func (e *entry) recordLen() int { return recordLen + len(e.name) }

// fill sets what the entry says of its content, stored as it is, and of its
// place in the archive.
func (e *entry) fill(content []byte, offset int) {
	e.crc = crc32.ChecksumIEEE(content)
	e.size = uint32(len(content))
	e.stored = e.size
	e.offset = uint32(offset)
}

// compress chooses how a constant file is stored, and returns it so. Images are
// compressed already; text is worth it, since it is done once.
func (e *entry) compress(content []byte) ([]byte, error) {
	if strings.EqualFold(path.Ext(e.name), ".png") {
		return content, nil
	}
	var buf bytes.Buffer
	w, err := flate.NewWriter(&buf, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if buf.Len() >= len(content) {
		return content, nil
	}
	e.method = methodDeflated
	e.stored = uint32(buf.Len())
	return buf.Bytes(), nil
}

// appendCommon appends what a local header and a directory record share.
func (e *entry) appendCommon(dst []byte) []byte {
	version := uint16(versionStored)
	if e.method == methodDeflated {
		version = versionDeflated
	}
	le := binary.LittleEndian
	dst = le.AppendUint16(dst, version)
	dst = le.AppendUint16(dst, flagUTF8)
	dst = le.AppendUint16(dst, e.method)
	dst = le.AppendUint16(dst, 0) // time
	dst = le.AppendUint16(dst, dosDate)
	dst = le.AppendUint32(dst, e.crc)
	dst = le.AppendUint32(dst, e.stored)
	dst = le.AppendUint32(dst, e.size)
	dst = le.AppendUint16(dst, uint16(len(e.name)))
	return le.AppendUint16(dst, 0) // no extra fields
}

// appendLocal appends the header before the content.
func (e *entry) appendLocal(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, localSignature)
	return append(e.appendCommon(dst), e.name...)
}

// appendRecord appends the entry's record in the central directory.
func (e *entry) appendRecord(dst []byte) []byte {
	le := binary.LittleEndian
	dst = le.AppendUint32(dst, recordSignature)
	dst = le.AppendUint16(dst, madeByUnix)
	dst = e.appendCommon(dst)
	dst = le.AppendUint16(dst, 0) // no comment
	dst = le.AppendUint16(dst, 0) // first disk
	dst = le.AppendUint16(dst, 0) // internal attributes
	dst = le.AppendUint32(dst, modeFile)
	dst = le.AppendUint32(dst, e.offset)
	return append(dst, e.name...)
}

// appendEnd appends the end of the central directory.
func appendEnd(dst []byte, entries, size, offset int) []byte {
	le := binary.LittleEndian
	dst = le.AppendUint32(dst, endSignature)
	dst = le.AppendUint32(dst, 0) // disks
	dst = le.AppendUint16(dst, uint16(entries))
	dst = le.AppendUint16(dst, uint16(entries))
	dst = le.AppendUint32(dst, uint32(size))
	dst = le.AppendUint32(dst, uint32(offset))
	return le.AppendUint16(dst, 0) // no comment
}

// maxName bounds a path: far above what a pass needs, far below what a zip
// archive or a file system takes.
const maxName = 200

// strays are files that systems leave in folders. Apple: a pass "can't contain
// metadata files" ("Building a Pass").
var strays = []string{"__MACOSX", "Thumbs.db", "desktop.ini"}

// checkName refuses a path that must not stand in a pass.
func checkName(name string) error {
	switch {
	case name == "" || len(name) > maxName:
		return errors.New("its path is empty or longer than 200 bytes")
	case strings.ContainsFunc(name, func(r rune) bool { return r == '\\' || r == '"' || r == unicode.ReplacementChar || !unicode.IsPrint(r) }):
		return errors.New(`its path holds \, ", a control character or bytes that are not UTF-8: rename it`)
	case name[0] == '/' || path.Clean(name) != name || name == "." || name == ".." || strings.HasPrefix(name, "../"):
		return errors.New("its path leads out of the pass, or is not the shortest form: use a path like de.lproj/icon.png")
	}
	for part := range strings.SplitSeq(name, "/") {
		if part[0] == '.' || slices.ContainsFunc(strays, func(s string) bool { return strings.EqualFold(s, part) }) {
			return errors.New("it is a hidden or a system's file, which phones refuse in a pass: delete it from the template")
		}
	}
	return nil
}
