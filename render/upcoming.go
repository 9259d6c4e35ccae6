package render

// Addresses and contacts of an event, in the pass itself and in each entry of
// upcomingPassInformation.
const (
	eventURLs = "accessibilityURL addOnURL bagPolicyURL contactVenueWebsite directionsInformationURL merchandiseURL " +
		"orderFoodURL parkingInformationURL purchaseParkingURL sellURL transferURL transitInformationURL"
	eventContacts = "contactVenueEmail contactVenuePhoneNumber"
)

// What iOS 26 and 27 added, from Apple's pages, github.com/apple/pass-builder
// and passkit-generator.
var (
	// UpcomingShape is an entry of upcomingPassInformation, from iOS 26 on.
	UpcomingShape = &Shape{
		Keys: keys(map[Type]string{String: "identifier name type", Boolean: "isActive"}, map[string]Key{
			"dateInformation": object(&Shape{
				Keys: keys(map[Type]string{
					Date: "date", String: "timeZone", Boolean: "ignoreTimeComponents isAllDay isUnannounced isUndetermined",
				}, nil),
				Extra: true,
			}),
			"images": object(&Shape{
				Keys:  map[string]Key{"headerImage": object(UpcomingImageShape), "venueMap": object(UpcomingImageShape)},
				Extra: true,
			}),
			"URLs":       object(&Shape{Keys: keys(map[Type]string{URL: eventURLs, String: eventContacts}, nil), Extra: true}),
			"backFields": list(FieldShape), "additionalInfoFields": list(FieldShape),
			"auxiliaryStoreIdentifiers": listOf(Integer), "semantics": object(SemanticsShape),
		}),
		Extra: true,
	}
	// UpcomingImageShape says where an image of an entry is.
	UpcomingImageShape = &Shape{
		Keys:  keys(map[Type]string{Boolean: "reuseExisting"}, map[string]Key{"URLs": list(RemoteImageShape)}),
		Extra: true,
	}
	// RemoteImageShape is one file of such an image.
	RemoteImageShape = &Shape{
		Keys:  keys(map[Type]string{URL: "URL", String: "SHA256", Number: "scale", Integer: "size"}, nil),
		Needs: [][]string{{"URL"}},
		Extra: true,
	}
	// ActionShape is an entry of featuredActions, from iOS 27 on.
	ActionShape = &Shape{
		Keys:  keys(map[Type]string{String: "identifier type placeIdentifier", URL: "url"}, nil),
		Needs: [][]string{{"url"}, {"placeIdentifier"}},
		Extra: true,
	}
)
