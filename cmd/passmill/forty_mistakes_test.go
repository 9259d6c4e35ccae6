package main

import (
	"strings"

	"passmill/jobs/sheet/sheettest"
)

// A seeded mistake of the workbook of TestForty: what stands in a cell, what
// check has to say of it, and what somebody writes who has read no more than
// that.
type seeded struct {
	column string
	wrong  sheettest.Cell
	code   string
	says   string // part of the message
	mended sheettest.Cell
}

func text(value string) sheettest.Cell   { return sheettest.Cell{Value: value} }
func amount(value string) sheettest.Cell { return sheettest.Cell{Type: "n", Value: value} }
func dated(number string) sheettest.Cell {
	return sheettest.Cell{Type: "n", Value: number, Date: true}
}

// goodRow has a value without fault for each column but Serial. A row of the
// workbook is like it except for one mistake.
var goodRow = []struct {
	column string
	cell   sheettest.Cell
}{
	{"Name", text("Ada Lovelace")},
	{"Class", text("Economy")},
	{"Points", amount("120")},
	{"Balance", amount("12.5")},
	{"Currency", text("EUR")},
	{"Member", sheettest.Cell{Type: "b", Value: "1"}},
	{"Joined", dated("46023")},
	{"Born", text("1999-12-31")},
	{"Website", text("https://example.com/ada")},
	{"Email", text("ada@example.com")},
	{"Colour", text("#1e3a5f")},
	{"Details", text(`{"gate": "A1"}`)},
	{"Letters", text("rgb(255, 255, 255)")},
	{"Latitude", amount("52.52")},
	{"Longitude", amount("13.405")},
	{"Beacon", text("E2C56DB5-DFFB-48D2-B060-D0F5A71096E0")},
	{"Major", amount("7")},
	{"Departs", text("2026-12-31T18:00:00+01:00")},
	{"From", text("2026-12-31 16:00")},
	{"Until", text("2026-12-31 18:00")},
	{"Greeting", text("Welcome")},
	{"Greeting@de", text("Willkommen")},
	{"Tap", text("MEMBER-120")},
	{"Ticket", text("TICKET-120")},
	{"OldTicket", text("Zoë")},
	{"Article", text("4006381333931")},
	{"Crate", text("123456")},
	{"Tag", text("LOCKER-12")},
	{"Parcel", text("P-120")},
	{"Transit", text("PKTransitTypeAir")},
}

// mistakes are forty, each of another kind or with another cause. The rows of
// the workbook have them in this order, one each.
var mistakes = []seeded{
	// What people type into columns of a type.
	{"Name", text(""), "missing", "is required and empty", text("Grace Hopper")},
	{"Name", text("Ada Augusta King, Countess of Lovelace"), "too-long", "has 38 characters, but at most 20 are allowed", text("Ada King")},
	{"Name", text("Ada_x0007_ Lovelace"), "bad-text", "control character U+0007", text("Ada Lovelace")},
	{"Name", text("Ada \u202eLovelace"), "bad-text", "U+202E, which turns the direction", text("Ada Lovelace")},
	{"Class", text("Holzklasse"), "not-allowed", "is none of the allowed values", text("Premium")},
	{"Points", sheettest.Cell{Type: "e", Value: "#DIV/0!"}, "formula-error", "has no result but an error", amount("12")},
	{"Points", text("plenty"), "not-a-number", "is not a number", text("1234")},
	{"Points", amount("1.5"), "not-a-whole-number", "is not a whole number", amount("1")},
	{"Balance", text("1,234"), "not-a-number", "could mean thousands or a fraction", text("1234")},
	{"Member", text("perhaps"), "not-a-boolean", "is neither true nor false", text("true")},
	{"Joined", text("31.02.2025"), "not-a-date", "is a day that does not exist", text("28.02.2025")},
	{"Joined", text("03/04/2025"), "ambiguous-date", "could mean two dates", text("2025-04-03")},
	{"Joined", text("01.02.25"), "not-a-date", "has a year of two digits", text("01.02.2025")},
	{"Joined", amount("45000"), "not-a-date", "is a number, not a date", dated("45000")},
	{"Born", text("14.10.1066"), "not-a-date", "outside the years 1900 to 2200", text("14.10.1966")},
	{"Website", text("example.com/ada"), "not-a-url", "is not a whole web address", text("https://example.com/ada")},
	{"Website", text("javascript:alert(1)"), "not-a-url", "which is not allowed", text("https://example.com/")},
	{"Email", text("ada at example.com"), "not-an-email", "is not an e-mail address", text("ada@example.com")},
	{"Email", text("ada\u200b@example.com"), "bad-text", "invisible character U+200B", text("ada@example.com")},
	{"Colour", text("navy"), "not-a-color", "is not a colour", text("#000080")},
	{"Details", text(`{"gate": A1}`), "not-json", "is not valid JSON", text(`{"gate": "A1"}`)},
	{"Greeting@de", text("Herzlich willkommen"), "too-long", "has 19 characters, but at most 12 are allowed", text("Willkommen")},
	// What a serial number must be.
	{"Serial", text(strings.Repeat("9", 501)), "too-long", "has more than 500 bytes", text("999")},
	{"Serial", text("TWIN"), "duplicate-serial", "is the serial number of row 26 as well", text("TWIN-1")},
	{"Serial", text("TWIN"), "duplicate-serial", "is the serial number of row 25 as well", text("TWIN-2")},
	// What a phone refuses, or does not show as it was meant.
	{"Article", text("4006381333932"), "barcode-content", "has the wrong check digit; the last digit should be 1 (in barcodes[2].message)", text("4006381333931")},
	{"Article", text("40063813339"), "barcode-content", "has 11 digits, but EAN-13 has 13", text("4006381333931")},
	{"Crate", text("12345"), "barcode-content", "put a 0 in front", text("012345")},
	{"Tag", text("locker-12"), "barcode-content", "it knows digits, capital letters", text("LOCKER-12")},
	{"Parcel", text("Päckchen"), "barcode-content", "beyond ASCII", text("Paeckchen")},
	{"OldTicket", text("Ticket für 5 €"), "barcode-encoding", "holds a character that iso-8859-1 can't write", text("Ticket für 5 Euro")},
	{"Ticket", text(strings.Repeat("a", 2954)), "barcode-capacity", "the largest such code holds 2953", text(strings.Repeat("a", 2000))},
	{"Latitude", amount("152.52"), "location-range", "is beyond 90 degrees", amount("52.52")},
	{"Beacon", text("E2C56DB5"), "beacon", "is no UUID, which has the form 8-4-4-4-12 of hexadecimal digits", text("E2C56DB5-DFFB-48D2-B060-D0F5A71096E0")},
	{"Major", amount("70000"), "beacon", "is no whole number from 0 to 65535 (in beacons[0].major)", amount("7000")},
	{"Tap", text(strings.Repeat("tap", 22)), "nfc-message", "has 66 bytes, of which a phone sends the first 64 only", text(strings.Repeat("tap", 21))},
	{"Currency", text("euro"), "currency-code", "is no currency code", text("EUR")},
	{"Transit", text("PKTransitTypeRocket"), "transit-type", "is no transit type", text("PKTransitTypeAir")},
	{"Departs", text("2026-12-31 18:00"), "date", "has a blank where a T belongs", text("2026-12-31T18:00:00+01:00")},
	{"Until", text("2026-12-31 15:00"), "date-order", "is not after startDate", text("2026-12-31 17:00")},
}
