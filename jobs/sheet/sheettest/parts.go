package sheettest

const (
	mainNS   = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	linkNS   = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	partNS   = "http://schemas.openxmlformats.org/package/2006/"
	mainType = "application/vnd.openxmlformats-officedocument.spreadsheetml."
)

// parts are those of a workbook that do not depend on its rows. Style 1 is an
// amount, style 2 a date.
var parts = []struct{ name, content string }{
	{"[Content_Types].xml", `<Types xmlns="` + partNS + `content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="` + mainType + `sheet.main+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="` + mainType + `worksheet+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="` + mainType + `styles+xml"/>` +
		`<Override PartName="/xl/sharedStrings.xml" ContentType="` + mainType + `sharedStrings+xml"/></Types>`},
	{"_rels/.rels", `<Relationships xmlns="` + partNS + `relationships">` +
		`<Relationship Id="rId1" Type="` + linkNS + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
	{"xl/workbook.xml", `<workbook xmlns="` + mainNS + `" xmlns:r="` + linkNS + `">` +
		`<sheets><sheet name="Members" sheetId="1" r:id="rId1"/></sheets></workbook>`},
	{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="` + partNS + `relationships">` +
		`<Relationship Id="rId1" Type="` + linkNS + `/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="` + linkNS + `/styles" Target="styles.xml"/>` +
		`<Relationship Id="rId3" Type="` + linkNS + `/sharedStrings" Target="sharedStrings.xml"/></Relationships>`},
	{"xl/styles.xml", `<styleSheet xmlns="` + mainNS + `"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/></numFmts>` +
		`<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>` +
		`<fills count="1"><fill><patternFill patternType="none"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="2" applyNumberFormat="1"/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs>` +
		`</styleSheet>`},
}
