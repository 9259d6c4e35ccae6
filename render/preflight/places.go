package preflight

import (
	"strconv"
	"strings"

	"passmill/render"
)

var placeRules = []Rule{
	{
		ID: "location-range", What: "latitude and longitude are degrees", Source: "Apple: Pass.Locations", Severity: Refused, Row: true,
		Fix: "give degrees as a number: latitude from -90 to 90, longitude from -180 to 180", Check: func(p *Pass) []Finding { return p.all(render.LocationShape, wrongLocation) },
		Fails:  []Example{{Change: `{"locations": [{"latitude": 509, "longitude": 6.9}]}`, Path: "locations[0].latitude"}},
		Passes: changes(`{"locations": [{"latitude": 50.9, "longitude": 6.9}]}`),
	},
	{
		ID: "location-count", What: "a pass has at most ten locations", Source: "Apple: Pass", Severity: FallsBack, Row: true,
		Fix: "keep the ten that matter most", Check: func(p *Pass) []Finding { return p.tooMany("locations", 10) },
		Fails:  []Example{{Change: repeated("locations", 11, `{"latitude": 50.9, "longitude": 6.9}`), Path: "locations"}},
		Passes: changes(repeated("locations", 10, `{"latitude": 50.9, "longitude": 6.9}`)),
	},
	{
		ID: "beacon-count", What: "a pass has at most ten different beacons", Source: "Apple: Showing a pass on the lock screen",
		Severity: FallsBack, Row: true,
		Fix: "use at most ten different proximityUUIDs", Check: checkBeaconCount,
		Fails:  []Example{{Change: repeated("beacons", 11, `{"proximityUUID": "F8F589E9-C07E-58B0-AEAB-A36BE4D48F#"}`), Path: "beacons"}},
		Passes: changes(repeated("beacons", 11, `{"proximityUUID": "F8F589E9-C07E-58B0-AEAB-A36BE4D48FAC", "major": #}`)),
	},
	{
		ID: "beacon", What: "a beacon has a UUID, and numbers up to 65535", Source: "Apple: Pass.Beacons", Severity: Refused, Row: true, Chance: true,
		Fix: "copy the values from the beacon: proximityUUID has 8-4-4-4-12 hexadecimal digits (0 to 9, A to F), major and minor are whole numbers from 0 to 65535", Check: func(p *Pass) []Finding { return p.all(render.BeaconShape, wrongBeacon) },
		Fails: []Example{
			{Change: `{"beacons": [{"proximityUUID": "the door"}]}`, Path: "beacons[0].proximityUUID"},
			{Change: `{"beacons": [{"proximityUUID": "F8F589E9-C07E-58B0-AEAB-A36BE4D48FAC", "minor": 65536}]}`, Path: "beacons[0].minor"},
		},
		Passes: changes(`{"beacons": [{"proximityUUID": "F8F589E9-C07E-58B0-AEAB-A36BE4D48FAC", "major": 1, "minor": 65535}]}`),
	},
}

// repeated writes a list of equal entries for an example; # becomes a number of
// two digits.
func repeated(key string, count int, entry string) string {
	entries := make([]string, count)
	for i := range entries {
		entries[i] = strings.ReplaceAll(entry, "#", strconv.Itoa(10+i))
	}
	return `{"` + key + `": [` + strings.Join(entries, ", ") + `]}`
}

var degrees = []struct {
	key  string
	most float64
}{{"latitude", 90}, {"longitude", 180}}

func wrongLocation(at *Place) (key, message string) {
	for _, limit := range degrees {
		if at.Node.Get(limit.key) == nil {
			continue
		}
		n, ok := number(at.Node, limit.key) // what is no number is another rule's
		if ok && (n < -limit.most || n > limit.most) {
			return limit.key, "is beyond " + strconv.Itoa(int(limit.most)) + " degrees"
		}
	}
	return "", ""
}

func (p *Pass) tooMany(key string, most int) []Finding {
	if list := p.Root.Get(key); list != nil && len(list.Elems) > most {
		return []Finding{{Path: key, Message: "has " + strconv.Itoa(len(list.Elems)) + " entries, but phones use " + strconv.Itoa(most)}}
	}
	return nil
}

func checkBeaconCount(p *Pass) []Finding {
	beacons := p.Root.Get("beacons")
	if beacons == nil {
		return nil
	}
	seen := make(map[string]bool)
	for i := range beacons.Elems {
		seen[strings.ToLower(text(&beacons.Elems[i], "proximityUUID"))] = true
	}
	if len(seen) <= 10 {
		return nil
	}
	return []Finding{{Path: "beacons", Message: "has " + strconv.Itoa(len(seen)) + " different proximityUUIDs, but phones use 10"}}
}

func wrongBeacon(at *Place) (key, message string) {
	if id := text(at.Node, "proximityUUID"); id != "" && !validUUID(id) {
		return "proximityUUID", "is no UUID, which has the form 8-4-4-4-12 of hexadecimal digits"
	}
	for _, key := range []string{"major", "minor"} {
		if at.Node.Get(key) == nil {
			continue
		}
		if n, ok := number(at.Node, key); ok && (n < 0 || n > 65535) {
			return key, "is no whole number from 0 to 65535"
		}
	}
	return "", ""
}

func validUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (s[i] == '-') || !dash && strings.IndexByte("0123456789abcdefABCDEF", s[i]) < 0 {
			return false
		}
	}
	return true
}
