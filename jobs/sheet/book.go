package sheet

import (
	"encoding/xml"
	"fmt"
	"path"
	"slices"
	"strings"

	"passmill/jobs"
)

// A book is what a workbook says about itself: where its parts are.
type book struct {
	archive *archive
	sheets  []sheetPart
	strings string // name of the part with the shared strings; empty if there is none
	styles  string // name of the part with the styles; empty if there is none
	epoch   bool   // dates count from 1904
}

// A sheetPart is a worksheet and the part that holds it.
type sheetPart struct {
	name   string
	hidden bool
	part   string
}

// A relation leads from one part to another.
type relation struct {
	kind   string // last word of its type: transitional and strict files differ before it
	target string // full name of the part
}

// readBook finds the parts of a workbook by its relations, as the format asks;
// their usual names are a custom only.
func readBook(a *archive) (*book, error) {
	roots, err := relations(a, "")
	if err != nil {
		return nil, err
	}
	main := ""
	for _, r := range roots {
		if r.kind == "officeDocument" {
			main = r.target
		}
	}
	if main == "" || !a.has(main) {
		return nil, fmt.Errorf("it is a ZIP archive, but not a workbook; save the sheet as .xlsx or CSV")
	}
	links, err := relations(a, main)
	if err != nil {
		return nil, err
	}
	b := &book{archive: a}
	for _, r := range links {
		switch r.kind {
		case "sharedStrings":
			b.strings = r.target
		case "styles":
			b.styles = r.target
		}
	}
	return b, b.readSheets(main, links)
}

func (b *book) readSheets(main string, links map[string]relation) error {
	root := ""
	err := b.archive.small(main, func(start xml.StartElement) error {
		if root == "" {
			root = start.Name.Local
		}
		switch start.Name.Local {
		case "workbookPr":
			b.epoch = isTrue(attr(start, "date1904"))
		case "sheet":
			link := links[relationID(start)]
			if link.kind == "worksheet" { // not a chart or a macro
				state := attr(start, "state")
				b.sheets = append(b.sheets, sheetPart{attr(start, "name"), state != "" && state != "visible", link.target})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if root != "workbook" {
		return fmt.Errorf("it is an Office document, but not a workbook; save the sheet as .xlsx or CSV")
	}
	if len(b.sheets) == 0 {
		return fmt.Errorf("it has no worksheet; add one, or save the right file")
	}
	return nil
}

// relationID returns r:id, which shares its local name with other attributes
// in some files.
func relationID(start xml.StartElement) string {
	for _, a := range start.Attr {
		if a.Name.Local == "id" && a.Name.Space != "" {
			return a.Value
		}
	}
	return ""
}

// relations returns the relations of a part by their id; the empty name stands
// for the package itself.
func relations(a *archive, part string) (map[string]relation, error) {
	dir, base := path.Split(part)
	list := make(map[string]relation)
	name := dir + "_rels/" + base + ".rels"
	if !a.has(name) {
		return list, nil
	}
	err := a.small(name, func(start xml.StartElement) error {
		if start.Name.Local != "Relationship" || attr(start, "TargetMode") == "External" {
			return nil
		}
		target := strings.ReplaceAll(attr(start, "Target"), `\`, "/")
		if !strings.HasPrefix(target, "/") {
			target = path.Join("/", dir, target)
		}
		list[attr(start, "Id")] = relation{path.Base(attr(start, "Type")), strings.TrimPrefix(path.Clean(target), "/")}
		return nil
	})
	return list, err
}

// pick returns the sheet of that name, or the first visible one that is not the
// summary of a report: who has mended a report saves it as the workbook.
func (b *book) pick(name string) (sheetPart, error) {
	if name == "" {
		if i := slices.IndexFunc(b.sheets, func(s sheetPart) bool { return !s.hidden && s.name != reportSheet }); i >= 0 {
			return b.sheets[i], nil
		}
		return b.sheets[0], nil
	}
	var names, quoted []string
	for _, s := range b.sheets {
		if strings.EqualFold(s.name, name) { // as spreadsheets compare them
			return s, nil
		}
		names, quoted = append(names, s.name), append(quoted, fmt.Sprintf("%q", s.name))
	}
	hint := ""
	if near := jobs.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return sheetPart{}, fmt.Errorf("it has no sheet %q; its sheets are %s%s", name, strings.Join(quoted, ", "), hint)
}

// skippedSheets returns how many hidden sheets stand before the picked one.
func (b *book) skippedSheets(picked sheetPart) int {
	n := 0
	for _, s := range b.sheets {
		if s == picked {
			return n
		}
		if s.hidden {
			n++
		}
	}
	return n
}
