package preflight

import (
	"slices"
	"strconv"
	"strings"

	"passmill/render"
)

var countRules = []Rule{
	{
		ID: "field-count", What: "a style has room for all of its fields", Severity: LooksWrong, Row: true,
		Source: "Apple: Defining the metadata; Human Interface Guidelines; Passbook guide",
		Fix:    "move fields to the back", Check: checkCounts,
		Fails: []Example{
			{Change: `{"storeCard": {"primaryFields": [{"key": "a", "value": 1}, {"key": "b", "value": 2}]}}`, Path: "storeCard.primaryFields"},
			{Change: `{"coupon": {"headerFields": [{"key": "a", "value": 1}, {"key": "b", "value": 2}, {"key": "c", "value": 3}, {"key": "d", "value": 4}]}}`, Path: "coupon.headerFields"},
		},
		Passes: changes(`{"boardingPass": {"transitType": "PKTransitTypeAir", "primaryFields": [{"key": "a", "value": 1}, {"key": "b", "value": 2}]}}`),
	},
	{
		ID: "field-group", What: "a style shows the group of fields", Severity: LooksWrong,
		Source: "Apple: PassFields; Creating a poster generic pass",
		Fix:    "move the fields to a group that the style shows", Check: func(p *Pass) []Finding { return p.all(render.StyleShape, unseenGroup) },
		Fails: []Example{
			{Change: `{"coupon": {"footerFields": [{"key": "name", "value": "Ada"}]}}`, Path: "coupon.footerFields"},
			{Change: `{"coupon": {"additionalInfoFields": [{"key": "name", "value": "Ada"}]}}`, Path: "coupon.additionalInfoFields"},
		},
		Passes: changes(`{"eventTicket": {"additionalInfoFields": [{"key": "name", "value": "Ada"}]}}`),
	},
}

// A room says how many fields of some groups together a style shows.
type room struct {
	style  string // empty: every style but posterGeneric
	groups []string
	most   int
}

var rooms = []room{
	{"", []string{"headerFields"}, 3},
	{"boardingPass", []string{"primaryFields"}, 2},
	{"boardingPass", []string{"secondaryFields"}, 4},
	{"boardingPass", []string{"auxiliaryFields"}, 5},
	{"coupon", []string{"primaryFields"}, 1},
	{"eventTicket", []string{"primaryFields"}, 1},
	{"eventTicket", []string{"secondaryFields"}, 4},
	{"eventTicket", []string{"auxiliaryFields"}, 8}, // two rows of four
	{"generic", []string{"primaryFields"}, 1},
	{"storeCard", []string{"primaryFields"}, 1},
	{"coupon", []string{"secondaryFields", "auxiliaryFields"}, 4},
	{"storeCard", []string{"secondaryFields", "auxiliaryFields"}, 4},
	{"generic", []string{"secondaryFields"}, 4}, // another page of Apple's says 4 with the next
	{"generic", []string{"auxiliaryFields"}, 4},
	{"posterGeneric", []string{"headerFields"}, 1},
	{"posterGeneric", []string{"primaryFields"}, 4},
	{"posterGeneric", []string{"footerFields"}, 2},
}

func checkCounts(p *Pass) []Finding {
	var found []Finding
	for _, style := range render.Styles {
		fields := p.Root.Get(style)
		if fields == nil {
			continue
		}
		for i := range rooms {
			r := &rooms[i]
			if r.style != style && (r.style != "" || style == "posterGeneric") {
				continue
			}
			if count := r.count(fields); count > r.most {
				found = append(found, Finding{Path: style + "." + r.groups[0], Message: strings.Join(r.groups, " and ") +
					" hold " + strconv.Itoa(count) + " fields, but there is room for " + strconv.Itoa(r.most)})
			}
		}
	}
	return found
}

func (r *room) count(fields *render.Node) int {
	count := 0
	for _, group := range r.groups {
		if list := fields.Get(group); list != nil {
			count += len(list.Elems)
		}
	}
	return count
}

// seen lists the styles that show the groups which not all show.
var seen = map[string][]string{
	"footerFields":         {"posterGeneric"},
	"additionalInfoFields": {"eventTicket", "boardingPass", "posterGeneric"},
	"secondaryFields":      {"boardingPass", "coupon", "eventTicket", "generic", "storeCard"},
	"auxiliaryFields":      {"boardingPass", "coupon", "eventTicket", "generic", "storeCard"},
}

func unseenGroup(at *Place) (key, message string) {
	for i := range at.Node.Members {
		m := &at.Node.Members[i]
		if styles := seen[m.Key]; styles != nil && len(m.Value.Elems) > 0 && !slices.Contains(styles, at.Key) {
			return m.Key, "is shown on " + strings.Join(styles, ", ") + " only"
		}
	}
	return "", ""
}
