package preflight

import (
	"strconv"
	"strings"

	"passmill/render"
)

var placeRules = []Rule{
	{
		ID: "location-range", Source: "Apple: Pass.Locations", Severity: Refused, Row: true,
		Fix: "give degrees as numbers", Check: func(p *Pass) []Finding { return p.all(render.LocationShape, wrongLocation) },
	},
	{
		ID: "location-count", Source: "Apple: Pass", Severity: FallsBack, Row: true,
		Fix: "keep the ten that matter most", Check: func(p *Pass) []Finding { return p.tooMany("locations", 10) },
	},
	{
		ID: "beacon-count", Source: "Apple: Showing a pass on the lock screen", Severity: FallsBack, Row: true,
		Fix: "use at most ten different proximityUUIDs", Check: checkBeaconCount,
	},
	{
		ID: "beacon", Source: "Apple: Pass.Beacons", Severity: Refused, Row: true,
		Fix: "copy the values from the beacon", Check: func(p *Pass) []Finding { return p.all(render.BeaconShape, wrongBeacon) },
	},
}

func wrongLocation(at *Place) (key, message string) {
	for _, limit := range []struct {
		key  string
		most float64
	}{{"latitude", 90}, {"longitude", 180}} {
		if at.Node.Get(limit.key) == nil {
			continue // another rule's
		}
		n, ok := number(at.Node, limit.key)
		switch {
		case !ok:
			return limit.key, "is not a number"
		case n < -limit.most || n > limit.most:
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
		return "proximityUUID", "is no UUID"
	}
	for _, key := range []string{"major", "minor"} {
		if at.Node.Get(key) == nil {
			continue
		}
		if n, ok := number(at.Node, key); !ok || n < 0 || n > 65535 {
			return key, "is no number from 0 to 65535"
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
