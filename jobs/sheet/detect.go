package sheet

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// What to do about a file of another kind.
const saveAs = "open it in a spreadsheet program and save it as .xlsx or CSV"

// errOpenDocument says how to get on with the sheets of LibreOffice, in the words of
// the menus that people look for.
var errOpenDocument = errors.New("it is an OpenDocument file (.ods), which can't be read; " +
	"in LibreOffice choose File, Save As and the type Excel 2007-365 (.xlsx), in Excel choose File, Save As and Excel Workbook (.xlsx), and name the new file in the job")

// detect tells workbooks from text by the first bytes, and says what it is that
// can't be read.
func detect(r io.ReaderAt, size int64) (workbook bool, err error) {
	if size == 0 {
		return false, errors.New("the file is empty; save the sheet again")
	}
	head := make([]byte, min(size, 4096))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return false, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return true, nil
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")):
		return false, compound(r, size)
	case bytes.HasPrefix(head, []byte("%PDF-")):
		return false, errors.New("it is a PDF document, not a sheet; ask for the workbook that it was printed from")
	case bytes.HasPrefix(head, []byte("\x1f\x8b")), bytes.HasPrefix(head, []byte("7z\xBC\xAF")), bytes.HasPrefix(head, []byte("Rar!")):
		return false, errors.New("it is a compressed file; unpack it first")
	case head[0] == 0x09 && len(head) > 3 && head[1] <= 0x08 && head[1]%2 == 0 && head[3] == 0:
		return false, errors.New("it is a workbook of an old Excel (.xls); " + saveAs)
	}
	return false, markupFile(head)
}

// compound says what an OLE2 file holds, by the names in its directory.
func compound(r io.ReaderAt, size int64) error {
	data, err := io.ReadAll(io.NewSectionReader(r, 0, min(size, 64<<20)))
	if err != nil {
		return err
	}
	switch {
	case bytes.Contains(data, wide("EncryptedPackage")):
		return errors.New("it is protected by a password; open it in Excel, remove the password (File, Info, Protect Workbook) and save it")
	case bytes.Contains(data, wide("Workbook")), bytes.Contains(data, wide("Book")):
		return errors.New("it is a workbook of an old Excel (.xls); " + saveAs)
	}
	return errors.New("it is an old Office document, not a workbook; " + saveAs)
}

// wide returns text in UTF-16LE, as directories of OLE2 files have it.
func wide(text string) []byte {
	var b []byte
	for i := range len(text) {
		b = append(b, text[i], 0)
	}
	return b
}

// markupFile recognises web pages and other XML that only pretend to be sheets.
func markupFile(head []byte) error {
	text := strings.ToLower(string(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), " \t\r\n")))
	if bytes.Contains(head, []byte{'<', 0}) || bytes.Contains(head, []byte{0, '<'}) {
		text = strings.TrimLeft(strings.ReplaceAll(strings.Trim(text, "\ufffd"), "\x00", ""), " \t\r\n\ufffd")
	}
	switch {
	case !strings.HasPrefix(text, "<"):
		return nil
	case strings.Contains(text, "urn:schemas-microsoft-com:office:spreadsheet") && strings.HasPrefix(text, "<?xml"):
		return errors.New("it is an XML spreadsheet of Excel 2003; " + saveAs)
	case strings.HasPrefix(text, "<html"), strings.HasPrefix(text, "<!doctype html"), strings.HasPrefix(text, "<table"),
		strings.HasPrefix(text, "<meta"), strings.Contains(text, "<html"):
		return errors.New("it is a web page (HTML), whatever its name says; " + saveAs)
	case strings.Contains(text, "urn:oasis:names:tc:opendocument"):
		return errOpenDocument // all of it in one file (.fods)
	case strings.HasPrefix(text, "<?xml"):
		return errors.New("it is an XML document, not a sheet; " + saveAs)
	}
	return nil
}

// foreign says what an archive is that holds something else than a workbook
// that can be read.
func foreign(a *archive) error {
	if len(a.entries) == 0 {
		return errors.New("it is an empty ZIP archive, not a workbook; save the sheet again")
	}
	for key := range a.entries {
		switch {
		case key == "mimetype" && a.has("content.xml"):
			return errOpenDocument
		case key == "xl/workbook.bin":
			return errors.New("it is a binary workbook (.xlsb); " + saveAs)
		case key == "index/document.iwa":
			return errors.New("it is a sheet of Apple Numbers; export it from Numbers as Excel or CSV")
		case key == "word/document.xml", key == "ppt/presentation.xml":
			return errors.New("it is a text document or a presentation, not a workbook; save the sheet as .xlsx or CSV")
		}
	}
	return nil
}
