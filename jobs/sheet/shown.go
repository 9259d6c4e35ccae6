package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// A display asks excelize how values look in the format of their style. It is
// not safe for concurrent use.
//
// The workbook that excelize reads is made here and holds nothing of the
// user's file but its format codes. Its one sheet has one row, which is put in
// anew for each row that is asked for.
type display struct {
	book  *excelize.File
	seen  map[look]string
	asked []ask
	sheet bytes.Buffer
}

// A look is a value in a style.
type look struct {
	style int
	text  bool
	value string
}

// An ask is a look and where the answer belongs.
type ask struct {
	look
	to *string
}

const maxSeen = 8192 // looks that are remembered: prices and dates recur

const sheetPath = "xl/worksheets/sheet1.xml"

func newDisplay(s *styles, since1904 bool) (*display, error) {
	var file bytes.Buffer
	if err := writeParts(&file, s, since1904); err != nil {
		return nil, fmt.Errorf("make a workbook of its number formats: %w", err)
	}
	book, err := excelize.OpenReader(&file, excelize.Options{UnzipSizeLimit: 1 << 30, UnzipXMLSizeLimit: 1 << 30})
	if err != nil {
		return nil, fmt.Errorf("understand its number formats: %w", err)
	}
	return &display{book: book, seen: make(map[look]string)}, nil
}

// ask notes that *to is wanted; show answers.
func (d *display) ask(l look, to *string) {
	if shown, ok := d.seen[l]; ok {
		*to = shown
		return
	}
	d.asked = append(d.asked, ask{l, to})
}

// forget drops what an iteration asked for that did not come to its end.
func (d *display) forget() { d.asked = d.asked[:0] }

// show answers everything that was asked for since the last call.
func (d *display) show() (err error) {
	if len(d.asked) == 0 {
		return nil
	}
	defer func() {
		if r := recover(); r != nil { // excelize's formats are code for honest files
			err = fmt.Errorf("show a number in its format: %v; give the column a simpler number format", r)
		}
		d.asked = d.asked[:0]
	}()
	d.write()
	d.book.Pkg.Store(sheetPath, d.sheet.Bytes())
	rows, err := d.book.Rows("s")
	if err != nil {
		return fmt.Errorf("show a number in its format: %w", err)
	}
	defer rows.Close()
	if !rows.Next() {
		return fmt.Errorf("show a number in its format: %w", errors.Join(rows.Error(), errors.New("the row is missing")))
	}
	texts, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("show a number in its format: %w", err)
	}
	return d.keep(texts)
}

// keep hands out the answers. A mark stands in the last column: without it
// excelize has not read to the end.
func (d *display) keep(texts []string) error {
	if len(texts) != len(d.asked)+1 || texts[len(d.asked)] != "end" {
		return errors.New("show a number in its format: the answer is cut short")
	}
	if len(d.seen)+len(d.asked) > maxSeen {
		clear(d.seen)
	}
	for i, a := range d.asked {
		shown := strings.TrimSpace(texts[i]) // formats align columns with blanks
		if !a.text && scientific(shown) {
			shown = a.value
		}
		*a.to = shown
		a.value = strings.Clone(a.value) // not the whole row that it is cut from
		d.seen[a.look] = shown
	}
	return nil
}

func (d *display) write() {
	b := &d.sheet
	b.Reset()
	b.WriteString(`<worksheet xmlns="` + mainNS + `"><sheetData><row r="1">`)
	for _, a := range d.asked {
		if a.text {
			b.WriteString(`<c t="inlineStr" s="` + strconv.Itoa(a.style+1) + `"><is><t xml:space="preserve">`)
			xml.EscapeText(b, []byte(a.value))
			b.WriteString(`</t></is></c>`)
			continue
		}
		b.WriteString(`<c s="` + strconv.Itoa(a.style+1) + `"><v>` + a.value + `</v></c>`)
	}
	b.WriteString(`<c t="str"><v>end</v></c></row></sheetData></worksheet>`)
}

// scientific reports whether a shown number ends in an exponent: "4.1E+15".
func scientific(shown string) bool {
	i := strings.LastIndexByte(shown, 'E')
	if i < 1 || i == len(shown)-1 || !isDigit(shown[i-1]) {
		return false
	}
	rest := strings.TrimLeft(shown[i+1:], "+-")
	return rest != "" && strings.Trim(rest, "0123456789") == ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

const (
	mainNS   = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	linkNS   = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	partNS   = "http://schemas.openxmlformats.org/package/2006/"
	mainType = "application/vnd.openxmlformats-officedocument.spreadsheetml."
)

// writeParts writes a workbook of one empty sheet with the given formats.
func writeParts(file *bytes.Buffer, s *styles, since1904 bool) error {
	parts := []struct{ name, content string }{
		{"[Content_Types].xml", `<Types xmlns="` + partNS + `content-types">` +
			`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="` + mainType + `sheet.main+xml"/>` +
			`<Override PartName="/` + sheetPath + `" ContentType="` + mainType + `worksheet+xml"/>` +
			`<Override PartName="/xl/styles.xml" ContentType="` + mainType + `styles+xml"/></Types>`},
		{"_rels/.rels", `<Relationships xmlns="` + partNS + `relationships">` +
			`<Relationship Id="r1" Type="` + linkNS + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="` + partNS + `relationships">` +
			`<Relationship Id="r1" Type="` + linkNS + `/worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="r2" Type="` + linkNS + `/styles" Target="styles.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook xmlns="` + mainNS + `" xmlns:r="` + linkNS + `">` +
			`<workbookPr date1904="` + strconv.FormatBool(since1904) + `"/>` +
			`<sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>`},
		{"xl/styles.xml", styleSheet(s)},
		{sheetPath, `<worksheet xmlns="` + mainNS + `"><sheetData/></worksheet>`},
	}
	archive := zip.NewWriter(file)
	for _, p := range parts {
		w, err := archive.Create(p.name)
		if err != nil {
			return err
		}
		if _, err := w.Write([]byte(p.content)); err != nil {
			return err
		}
	}
	return archive.Close()
}

// styleSheet gives each code a number of its own, so that excelize's own table of
// formats, which follows a computer's settings, is not asked. Styles are moved
// up by one, for excelize shows style 0 as it is.
func styleSheet(s *styles) string {
	var codes, cells bytes.Buffer
	numbers := make(map[string]int)
	for _, f := range s.formats {
		if _, ok := numbers[f.code]; !ok {
			numbers[f.code] = 200 + len(numbers)
			fmt.Fprintf(&codes, `<numFmt numFmtId="%d" formatCode="`, numbers[f.code])
			xml.EscapeText(&codes, []byte(f.code))
			codes.WriteString(`"/>`)
		}
		fmt.Fprintf(&cells, `<xf numFmtId="%d"/>`, numbers[f.code])
	}
	return fmt.Sprintf(`<styleSheet xmlns="%s"><numFmts count="%d">%s</numFmts><cellXfs count="%d"><xf numFmtId="0"/>%s</cellXfs></styleSheet>`,
		mainNS, len(numbers), &codes, len(s.formats)+1, &cells)
}
