package preflight

import (
	"strings"

	"passmill/render"
)

var barcodeRules = []Rule{
	{
		ID: "barcode-format", What: "a barcode has a format that Apple names", Source: "Apple: Pass.Barcodes",
		Severity: Refused, Row: true, Chance: true,
		Fix: "use PKBarcodeFormatQR, PDF417, Aztec or Code128; from iOS 27 on also Code39, Codabar, EAN13 or I2of5", Check: func(p *Pass) []Finding { return p.all(render.BarcodeShape, unknownFormat) },
		Fails:  []Example{{Change: `{"barcodes": [{"format": "QR", "message": "7", "messageEncoding": "utf-8"}, {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`, Path: "barcodes[0].format"}},
		Passes: changes(code("QR", "7", "utf-8")),
	},
	{
		ID: "barcode-old-phones", What: "one of the barcodes is of a format from before iOS 27", Source: "Apple: Pass.Barcodes",
		Since: "iOS 27", Severity: FallsBack,
		Fix: "add a barcode that older systems know, such as PKBarcodeFormatQR, after it", Check: checkOldPhones,
		Fails:  []Example{{Change: code("I2of5", "0042", "utf-8"), Path: "barcodes"}},
		Passes: changes(codeAndQR("I2of5", "0042")),
	},
	{
		ID: "barcode-watch", What: "one of the barcodes has two dimensions, for a watch", Source: "jpasskit#52, a user's report", Severity: Advice,
		Fix: "add a PKBarcodeFormatQR after it", Check: checkWatch,
		Fails:  []Example{{Change: code("Code128", "0042", "utf-8"), Path: "barcodes"}},
		Passes: changes(codeAndQR("Code128", "0042")),
	},
	{
		ID: "barcode-deprecated", What: "barcode has a successor beside it", Source: "Apple: Pass", Severity: Advice,
		Fix: "write barcodes, a list, and barcode only for systems before iOS 9", Check: checkDeprecated,
		Fails:  []Example{{Change: `{"barcode": {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}}`, Path: "barcode"}},
		Passes: changes(code("QR", "7", "utf-8")),
	},
	{
		ID: "barcode-message", What: "a barcode says something", Source: "Apple: Pass.Barcodes", Severity: Refused, Row: true, Chance: true,
		Fix: "give the barcode something to say", Check: func(p *Pass) []Finding { return p.all(render.BarcodeShape, emptyMessage) },
		Fails:  []Example{{Change: code("QR", " ", "utf-8"), Path: "barcodes[0].message"}},
		Passes: changes(code("QR", "7", "utf-8")),
	},
	{
		ID: "barcode-encoding", What: "a barcode's encoding is known and can write the message", Source: "Apple: Pass.Barcodes (an IANA name)",
		Severity: Refused, Row: true, Chance: true,
		Fix:   "leave out characters such as € or emoji; or, in the template, set messageEncoding to one that has them and that the scanners read, such as utf-8",
		Check: func(p *Pass) []Finding { return p.all(render.BarcodeShape, wrongEncoding) },
		Fails: []Example{
			{Change: code("QR", "€5", "iso-8859-1"), Path: "barcodes[0].message"},
			{Change: code("QR", "7", "latin-17"), Path: "barcodes[0].messageEncoding"},
		},
		Passes: changes(
			code("QR", "да", "windows-1251"),
			code("QR", "€5", "utf-8"),
		),
	},
	{
		ID: "barcode-content", What: "a barcode's message has the letters, length and check digit of its code", Row: true, Chance: true,
		Source: "the standards of the codes: ISO/IEC 15417, 15420, 16388, 16390, EN 798", Severity: Refused,
		Fix: "correct the value as said before; if it is right, the template needs a barcode format that can hold it", Check: func(p *Pass) []Finding { return p.all(render.BarcodeShape, wrongContent) },
		Fails: []Example{
			{Change: codeAndQR("EAN13", "4006381333932"), Path: "barcodes[0].message"},
			{Change: codeAndQR("EAN13", "400638133393"), Path: "barcodes[0].message"},
			{Change: codeAndQR("EAN13", "40063813339312"), Path: "barcodes[0].message"},
			{Change: codeAndQR("I2of5", "123"), Path: "barcodes[0].message"},
			{Change: codeAndQR("Code39", "abc"), Path: "barcodes[0].message"},
			{Change: codeAndQR("Codabar", "A12"), Path: "barcodes[0].message"},
			{Change: codeAndQR("Code128", "é"), Path: "barcodes[0].message"},
		},
		Passes: changes(
			codeAndQR("EAN13", "4006381333931"),
			codeAndQR("I2of5", "0123"),
			codeAndQR("Code39", "ABC-1"),
			codeAndQR("Codabar", "A12-5B"),
		),
	},
	{
		ID: "barcode-capacity", What: "a barcode's message fits the largest code there is", Row: true, Chance: true,
		Source: "the standards of the codes: ISO/IEC 18004, 15438, 24778", Severity: Refused,
		Fix: "shorten the message", Check: func(p *Pass) []Finding { return p.all(render.BarcodeShape, tooLong) },
		Fails: []Example{
			{Change: code("QR", strings.Repeat("ä", 2954), "utf-8"), Path: "barcodes[0].message"},
			{Change: code("PDF417", strings.Repeat("x", 1851), "utf-8"), Path: "barcodes[0].message"},
		},
		Passes: changes(code("QR", strings.Repeat("7", 7089), "utf-8")),
	},
	{
		ID: "barcode-width", What: "a barcode of one row is short enough for a phone's screen", Row: true, Chance: true,
		Source: "experience of scanners with ISO/IEC 15417", Severity: LooksWrong,
		Fix: "shorten the message, or use PKBarcodeFormatQR", Check: func(p *Pass) []Finding { return p.all(render.BarcodeShape, tooWide) },
		Fails:  []Example{{Change: codeAndQR("Code128", "0123456789012345678901234567890123456789x"), Path: "barcodes[0].message"}},
		Passes: changes(codeAndQR("Code128", "0123456789")),
	},
}

// code is a change that gives the specimen a barcode.
func code(format, message, encoding string) string {
	return `{"barcodes": [{"format": "PKBarcodeFormat` + format + `", "message": "` + message + `", "messageEncoding": "` + encoding + `"}]}`
}

// codeAndQR adds a code after it that all systems show.
func codeAndQR(format, message string) string {
	return strings.TrimSuffix(code(format, message, "utf-8"), "]}") + `, {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`
}
