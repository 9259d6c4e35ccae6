package render

// What semantic tags are, from Apple's page on SemanticTags and the structures
// of github.com/apple/pass-builder. All of it is Open: Apple adds tags each year.
var (
	placeShape = &Shape{ // Apple's Location
		Keys:  keys(map[Type]string{Number: "latitude longitude altitude", String: "relevantText"}, nil),
		Needs: [][]string{{"latitude", "longitude"}},
		Open:  true, Extra: true,
	}
	// MoneyShape is Apple's CurrencyAmount. The amount is text by Apple's page
	// and a number in many passes.
	MoneyShape = &Shape{
		Keys:  keys(map[Type]string{Any: "amount", String: "currencyCode"}, nil),
		Needs: [][]string{{"amount"}},
		Open:  true, Extra: true,
	}
	personShape = &Shape{ // Apple's PersonNameComponents
		Keys: keys(map[Type]string{
			String: "familyName givenName middleName namePrefix nameSuffix nickname phoneticRepresentation",
		}, nil),
		Open: true, Extra: true,
	}
	seatShape = &Shape{ // Apple's Seat
		Keys: keys(map[Type]string{
			String: "seatSection seatRow seatNumber seatIdentifier seatType seatDescription seatAisle seatLevel seatSectionColor",
		}, nil),
		Open: true, Extra: true,
	}
	// WifiShape is Apple's WifiNetwork.
	WifiShape = &Shape{
		Keys: keys(map[Type]string{String: "ssid password"}, nil),
		Open: true, Extra: true,
	}
	dateInfoShape = &Shape{ // Apple's EventDateInfo
		Keys: keys(map[Type]string{
			Date: "date", String: "timeZone", Boolean: "ignoreTimeComponents unannounced undetermined",
		}, nil),
		Open: true, Extra: true,
	}
)

// SemanticsShape is Apple's SemanticTags.
var SemanticsShape = &Shape{
	Keys: keys(map[Type]string{
		Date: "eventStartDate eventEndDate venueBoxOfficeOpenDate venueCloseDate venueDoorsOpenDate venueFanZoneOpenDate " +
			"venueGatesOpenDate venueOpenDate venueParkingLotsOpenDate currentArrivalDate currentBoardingDate " +
			"currentDepartureDate originalArrivalDate originalBoardingDate originalDepartureDate",
		String: "admissionLevel admissionLevelAbbreviation additionalTicketAttributes attendeeName entranceDescription " +
			"eventLiveMessage eventName eventType genre venueEntrance venueEntranceDoor venueEntranceGate " +
			"venueEntrancePortal venueName venuePhoneNumber venuePlaceID venueRegionName venueRoom " +
			"awayTeamAbbreviation awayTeamLocation awayTeamName homeTeamAbbreviation homeTeamLocation homeTeamName " +
			"leagueAbbreviation leagueName sportName " +
			"airlineCode airlineLoungePlaceID boardingGroup boardingSequenceNumber boardingZone carNumber " +
			"confirmationNumber departureAirportCode departureAirportName departureAirportTimeZone departureCityName " +
			"departureGate departureLocationDescription departureLocationTimeZone departurePlatform " +
			"departureStationName departureTerminal destinationAirportCode destinationAirportName " +
			"destinationAirportTimeZone destinationCityName destinationGate destinationLocationDescription " +
			"destinationLocationTimeZone destinationPlatform destinationStationName destinationTerminal flightCode " +
			"internationalDocumentsVerifiedDeclarationName membershipProgramName membershipProgramNumber " +
			"membershipProgramStatus priorityStatus securityScreening ticketFareClass transitProvider transitStatus " +
			"transitStatusReason vehicleName vehicleNumber vehicleType",
		Number:  "duration flightNumber",
		Boolean: "internationalDocumentsAreVerified silenceRequested tailgatingAllowed",
	}, map[string]Key{
		"albumIDs": listOf(String), "artistIDs": listOf(String), "performerNames": listOf(String),
		"playlistIDs": listOf(String), "passengerAirlineSSRs": listOf(String), "passengerCapabilities": listOf(String),
		"passengerEligibleSecurityPrograms": listOf(String), "passengerInformationSSRs": listOf(String),
		"passengerServiceSSRs": listOf(String), "departureAirportSecurityPrograms": listOf(String),
		"destinationAirportSecurityPrograms": listOf(String),
		// Not on Apple's page, but in passes of airlines and passkit-generator.
		"loungePlaceIDs": listOf(String), "departureLocationSecurityPrograms": listOf(String),
		"destinationLocationSecurityPrograms": listOf(String),
		"venueLocation":                       object(placeShape), "departureLocation": object(placeShape),
		"destinationLocation": object(placeShape), "balance": object(MoneyShape), "totalPrice": object(MoneyShape),
		"seats": list(seatShape), "passengerName": object(personShape), "wifiAccess": list(WifiShape),
		"airplay": list(anyObject), "eventStartDateInfo": object(dateInfoShape),
	}),
	Open: true, Extra: true,
}
