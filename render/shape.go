package render

import "strings"

// A Type says what Apple's pages allow as the value of a key.
type Type uint8

// The types. Where it is String, HTML, Date, Color or URL, a leaf that is one
// whole placeholder is always written as a JSON string: a card number that is
// declared as an integer stays text in a barcode's message.
const (
	Any Type = iota // a field's value, and keys that are unknown
	String
	HTML // a string in which a phone reads <a href>
	Date // a string in ISO 8601
	Color
	URL
	Number
	Integer
	Boolean
	List
	Object
)

// Textual reports whether values of the type are JSON strings.
func (t Type) Textual() bool { return t >= String && t <= URL }

// A Key says what is known of one key of a [Shape].
type Key struct {
	Type Type
	Of   *Shape // of the object, or of the objects in the list; nil if nothing is known
	Elem Type   // of what is in the list, if those are no objects
}

// A Shape is what is known of one kind of object in pass.json.
type Shape struct {
	Keys     map[string]Key
	Required []string // keys without which a phone refuses the pass
	Open     bool     // holds keys of the issuer's own, or more than are listed here

	// Needs lists the sets of keys of which an object must hold a whole one
	// to be of use. An object that has lost a key of them by an absent
	// value, and is left with no whole set, is dropped.
	Needs [][]string
	// Stays marks objects that are kept even if absent values emptied them.
	Stays bool
	// Extra marks what a phone leaves out of a pass, rather than refuse it,
	// where it can't read it: semantic tags, and what recent systems added.
	Extra bool
}

// keys makes the common part of a Shape: names by type, separated by blanks.
func keys(byType map[Type]string, more map[string]Key) map[string]Key {
	all := make(map[string]Key)
	for t, names := range byType {
		for name := range strings.FieldsSeq(names) {
			all[name] = Key{Type: t}
		}
	}
	for name, key := range more {
		all[name] = key
	}
	return all
}

func list(of *Shape) Key   { return Key{Type: List, Of: of} }
func listOf(elem Type) Key { return Key{Type: List, Elem: elem} }
func object(of *Shape) Key { return Key{Type: Object, Of: of} }

// The shapes within a pass, from Apple's pages on the Pass object and from
// github.com/apple/pass-builder. FieldShape, BarcodeShape and the others name
// what their keys are.
var (
	anyObject = &Shape{Open: true}

	// FieldShape is a field dictionary: Apple's PassFieldContent.
	FieldShape = &Shape{
		Keys: keys(map[Type]string{
			Any:     "value",
			HTML:    "attributedValue",
			String:  "key label changeMessage currencyCode numberStyle dateStyle timeStyle textAlignment",
			Boolean: "isRelative ignoresTimeZone",
			Integer: "row",
		}, map[string]Key{"semantics": object(SemanticsShape), "dataDetectorTypes": listOf(String)}),
		Required: []string{"key"},
		Needs:    [][]string{{"value"}, {"attributedValue"}},
	}
	// StyleShape is a style dictionary: Apple's PassFields.
	StyleShape = &Shape{
		Keys: keys(map[Type]string{String: "transitType"}, map[string]Key{
			"headerFields": list(FieldShape), "primaryFields": list(FieldShape), "secondaryFields": list(FieldShape),
			"auxiliaryFields": list(FieldShape), "backFields": list(FieldShape),
			"additionalInfoFields": list(FieldShape), "footerFields": list(FieldShape),
		}),
		Stays: true, // a pass without its style dictionary is refused
	}
	// BarcodeShape is Apple's Pass.Barcodes.
	BarcodeShape = &Shape{
		Keys:     keys(map[Type]string{String: "format message messageEncoding altText"}, nil),
		Required: []string{"format", "message", "messageEncoding"},
		Needs:    [][]string{{"message"}},
	}
	// LocationShape is Apple's Pass.Locations.
	LocationShape = &Shape{
		Keys:     keys(map[Type]string{Number: "latitude longitude altitude", String: "relevantText"}, nil),
		Required: []string{"latitude", "longitude"},
		Needs:    [][]string{{"latitude", "longitude"}},
	}
	// BeaconShape is Apple's Pass.Beacons.
	BeaconShape = &Shape{
		Keys:     keys(map[Type]string{String: "proximityUUID relevantText", Integer: "major minor"}, nil),
		Required: []string{"proximityUUID"},
		Needs:    [][]string{{"proximityUUID"}},
	}
	// RelevantDateShape is Apple's Pass.RelevantDates; iOS 26 renamed
	// relevantDate to date.
	RelevantDateShape = &Shape{
		Keys:  keys(map[Type]string{Date: "date relevantDate startDate endDate"}, nil),
		Needs: [][]string{{"date"}, {"relevantDate"}, {"startDate", "endDate"}},
	}
	// NFCShape is Apple's Pass.NFC.
	NFCShape = &Shape{
		Keys:     keys(map[Type]string{String: "message encryptionPublicKey", Boolean: "requiresAuthentication"}, nil),
		Required: []string{"message", "encryptionPublicKey"},
		Needs:    [][]string{{"message"}},
	}
)

// Styles lists the style keys in Apple's order. A pass has exactly one, but
// posterGeneric may stand beside another one for older systems.
var Styles = []string{"boardingPass", "coupon", "eventTicket", "generic", "storeCard", "posterGeneric"}

// PassShape is pass.json itself.
var PassShape = &Shape{
	Keys: keys(map[Type]string{
		String: "description organizationName passTypeIdentifier serialNumber teamIdentifier logoText logoSymbolName " +
			"eventLogoText groupingIdentifier authenticationToken " +
			eventContacts + " transitProviderEmail transitProviderPhoneNumber",
		Integer: "formatVersion",
		Number:  "maxDistance",
		Boolean: "suppressStripShine suppressHeaderDarkening useAutomaticColors voided sharingProhibited",
		Color:   "backgroundColor foregroundColor labelColor stripColor footerBackgroundColor",
		Date:    "relevantDate expirationDate",
		URL: "webServiceURL appLaunchURL " + eventURLs + " changeSeatURL entertainmentURL purchaseAdditionalBaggageURL " +
			"purchaseLoungeAccessURL purchaseWifiURL upgradeURL managementURL registerServiceAnimalURL " +
			"reportLostBagURL requestWheelchairURL trackBagsURL transitProviderWebsiteURL",
	}, map[string]Key{
		"boardingPass": object(StyleShape), "coupon": object(StyleShape), "eventTicket": object(StyleShape),
		"generic": object(StyleShape), "storeCard": object(StyleShape), "posterGeneric": object(StyleShape),
		"barcodes": list(BarcodeShape), "barcode": object(BarcodeShape), "nfc": object(NFCShape),
		"locations": list(LocationShape), "beacons": list(BeaconShape), "relevantDates": list(RelevantDateShape),
		"associatedStoreIdentifiers": listOf(Integer), "auxiliaryStoreIdentifiers": listOf(Integer),
		"preferredStyleSchemes": listOf(String),
		"semantics":             object(SemanticsShape), "userInfo": object(anyObject),
		"featuredActions": list(ActionShape), "upcomingPassInformation": list(UpcomingShape),
	}),
	Required: []string{"description", "formatVersion", "organizationName", "passTypeIdentifier", "serialNumber", "teamIdentifier"},
	Stays:    true,
}
