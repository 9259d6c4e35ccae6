package sheet

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
)

// A spool is a growing sequence of bytes: in memory while it is small, in a
// file of a folder of our own from then on. First everything is written, then
// it is read, any number of times.
type spool struct {
	dir    *folder
	memory bytes.Buffer
	file   *os.File
	out    *bufio.Writer
	size   int64
}

const spoolMemory = 8 << 20 // bytes that a spool keeps in memory

func newSpool(dir *folder) *spool { return &spool{dir: dir} }

func (s *spool) Write(p []byte) (int, error) {
	s.size += int64(len(p))
	if s.file == nil && s.size <= spoolMemory {
		return s.memory.Write(p)
	}
	if s.file == nil {
		if err := s.spill(); err != nil {
			return 0, err
		}
	}
	if _, err := s.out.Write(p); err != nil {
		return 0, full(err)
	}
	return len(p), nil
}

// spill moves what is in memory to a file.
func (s *spool) spill() error {
	file, err := s.dir.create()
	if err != nil {
		return err
	}
	s.file, s.out = file, bufio.NewWriterSize(file, 256<<10)
	if _, err := s.out.Write(s.memory.Bytes()); err != nil {
		return full(err)
	}
	s.memory = bytes.Buffer{}
	return nil
}

// flush ends the writing.
func (s *spool) flush() error {
	if s.file == nil {
		return nil
	}
	if err := s.out.Flush(); err != nil {
		return full(err)
	}
	s.out = nil
	return nil
}

// reader returns a new reader from the beginning.
func (s *spool) reader() *bufio.Reader {
	return bufio.NewReaderSize(io.NewSectionReader(s, 0, s.size), 256<<10)
}

// ReadAt implements [io.ReaderAt].
func (s *spool) ReadAt(p []byte, off int64) (int, error) {
	if s.file != nil {
		return s.file.ReadAt(p, off)
	}
	return bytes.NewReader(s.memory.Bytes()).ReadAt(p, off)
}

func (s *spool) Close() error {
	s.memory = bytes.Buffer{}
	if s.file == nil {
		return nil
	}
	file := s.file
	s.file = nil
	err := file.Close()
	os.Remove(file.Name()) // gone already where open files can be removed
	return err
}

func full(err error) error {
	if err == nil {
		return nil
	}
	return complain("write what does not fit into memory: %w; free space on the disk, or name another folder for temporary files", err)
}

const (
	pageSize  = 16 << 10
	pageSlots = 1024 // 16 MiB
)

// pages reads small pieces of a spool through a bounded cache: neighbours come
// from memory, as strings are mostly asked for in the order of their numbers.
type pages struct {
	from  *spool
	slots [pageSlots]page
}

type page struct {
	number int64 // from 1; 0 is an empty slot
	data   []byte
}

// append adds n bytes from offset off to dst.
func (p *pages) append(dst []byte, off int64, n int) ([]byte, error) {
	for n > 0 {
		data, err := p.page(off / pageSize)
		if err != nil {
			return dst, err
		}
		from := int(off % pageSize)
		if from >= len(data) {
			return dst, io.ErrUnexpectedEOF
		}
		piece := data[from:min(from+n, len(data))]
		dst = append(dst, piece...)
		off += int64(len(piece))
		n -= len(piece)
	}
	return dst, nil
}

func (p *pages) page(number int64) ([]byte, error) {
	slot := &p.slots[number%pageSlots]
	if slot.number == number+1 {
		return slot.data, nil
	}
	if slot.data == nil {
		slot.data = make([]byte, pageSize)
	}
	n, err := p.from.ReadAt(slot.data[:pageSize], number*pageSize)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("read back what did not fit into memory: %w", err)
	}
	slot.number, slot.data = number+1, slot.data[:n]
	return slot.data, nil
}
