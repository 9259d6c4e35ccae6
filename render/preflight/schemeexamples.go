package preflight

// artwork is what the poster tickets of the examples show.
var artwork = map[string]string{"artwork@2x.png": "716x896", "artwork@3x.png": "1074x1344"}

// posterTicket is a change that makes a poster event ticket of the specimen, with
// more members.
func posterTicket(more string) string {
	if more != "" {
		more = ",\n  " + more
	}
	return `{
  "preferredStyleSchemes": ["posterEventTicket", "eventTicket"],
  "eventTicket": {"primaryFields": [{"key": "event", "value": "Concert"}]},
  "nfc": {"message": "7", "requiresAuthentication": true, "encryptionPublicKey": "` + exampleKey + `"},
  "semantics": {"eventName": "Concert", "venueName": "Nordhall", "venueRegionName": "Berlin", "venueRoom": "Hall 1"}` + more + `
}`
}

// semanticBoarding is a change that makes a semantic boarding pass of the
// specimen.
func semanticBoarding(more string) string {
	if more != "" {
		more = ",\n  " + more
	}
	return `{
  "preferredStyleSchemes": ["semanticBoardingPass", "boardingPass"],
  "boardingPass": {"transitType": "PKTransitTypeAir", "primaryFields": [{"key": "from", "value": "BER"}, {"key": "to", "value": "LIS"}]},
  "semantics": {
    "airlineCode": "LV", "flightNumber": 123, "passengerName": {"givenName": "Ada"},
    "departureAirportCode": "BER", "departureCityName": "Berlin", "departureLocationTimeZone": "Europe/Berlin",
    "destinationAirportCode": "LIS", "destinationCityName": "Lisbon", "destinationLocationTimeZone": "Europe/Lisbon",
    "originalBoardingDate": "2027-05-31T08:00+02:00", "originalDepartureDate": "2027-05-31T08:40+02:00", "originalArrivalDate": "2027-05-31T11:30+01:00"
  }` + more + `
}`
}
