package verify

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
)

const posterStyle = "posterGeneric" // may stand beside one of the others

// Keys of pass.json, from Apple's "Pass" and "PassFields" pages.
var (
	requiredKeys = []string{"description", "organizationName", "passTypeIdentifier", "serialNumber", "teamIdentifier"}
	styles       = []string{"boardingPass", "coupon", "eventTicket", "generic", "storeCard", posterStyle}
	fieldGroups  = []string{"headerFields", "primaryFields", "secondaryFields", "auxiliaryFields", "backFields", "additionalInfoFields", "footerFields"}
	intervalKeys = []string{"startDate", "endDate", "relevantDate", "date"} // of relevantDates; iOS 26 calls the third the fourth
)

// readPass decodes pass.json and notes what it says of itself. It returns nil if
// there is nothing to check.
func (r *Report) readPass(b *bundle) map[string]any {
	data, ok := b.files["pass.json"]
	if !ok {
		if !b.has("pass.json") {
			r.add("no-pass", "the archive has no pass.json")
		}
		return nil
	}
	doc := decode(data)
	pass, ok := doc.value.(map[string]any)
	if doc.err != nil || !ok {
		r.add("pass-malformed", "pass.json is not a JSON object%s", doc.where())
		return nil
	}
	for _, key := range doc.duplicates {
		r.add("duplicate-key", "pass.json has the key %q twice in one object: phones take one of them", short(key))
	}
	text := func(key string) string { s, _ := pass[key].(string); return s }
	r.Serial, r.TypeID, r.TeamID = text("serialNumber"), text("passTypeIdentifier"), text("teamIdentifier")
	r.Organization, r.Description = text("organizationName"), text("description")
	return pass
}

// checkPass checks what every pass needs.
func (r *Report) checkPass(pass map[string]any) {
	if pass == nil {
		return
	}
	for _, key := range requiredKeys {
		switch value, ok := pass[key]; {
		case !ok || value == "":
			r.add("key-missing", "pass.json has no %s", key)
		case !isText(value):
			r.add("key-type", "%s in pass.json is %s, not text", key, kind(value))
		}
	}
	switch version, ok := pass["formatVersion"]; {
	case !ok:
		r.add("key-missing", "pass.json has no formatVersion")
	case version != json.Number("1"):
		r.add("key-type", "formatVersion in pass.json is %s, not the number 1", kind(version))
	}
	r.checkStyle(pass)
	r.checkDates(pass)
}

// checkStyle wants exactly one style; a poster may stand beside it.
func (r *Report) checkStyle(pass map[string]any) {
	var found []string
	for _, key := range styles {
		value, ok := pass[key]
		if !ok {
			continue
		}
		if _, ok := value.(map[string]any); !ok {
			r.add("key-type", "%s in pass.json is %s, not an object", key, kind(value))
		}
		found = append(found, key)
	}
	switch n := len(found); {
	case n == 0:
		r.add("style", "pass.json has no style")
	case n > 2 || n == 2 && found[1] != posterStyle:
		r.add("style", "pass.json has several styles: %s", strings.Join(found, ", "))
	}
}

// checkDates checks the form of dates wherever a phone reads one.
func (r *Report) checkDates(pass map[string]any) {
	for _, key := range []string{"relevantDate", "expirationDate"} {
		if value, ok := pass[key]; ok {
			r.checkDate(key, value)
		}
	}
	intervals, _ := pass["relevantDates"].([]any)
	for i, interval := range intervals {
		object, _ := interval.(map[string]any)
		for _, key := range intervalKeys {
			if value, ok := object[key]; ok {
				r.checkDate(fmt.Sprintf("relevantDates[%d].%s", i, key), value)
			}
		}
	}
	for _, style := range styles {
		groups, _ := pass[style].(map[string]any)
		for _, group := range fieldGroups {
			fields, _ := groups[group].([]any)
			for i, field := range fields {
				r.checkField(fmt.Sprintf("%s.%s[%d]", style, group, i), field)
			}
		}
	}
}

// checkField checks the value of a field that is to be shown as a date.
func (r *Report) checkField(place string, field any) {
	object, _ := field.(map[string]any)
	_, date := object["dateStyle"]
	_, clock := object["timeStyle"]
	if value, ok := object["value"]; ok && (date || clock) {
		r.checkDate(place+".value", value)
	}
}

// dateForm is W3C's profile of ISO 8601 with hours and minutes, as Apple's pages
// ask and as the parser in Apple's pass-builder reads it: a T, a zone with a
// colon, seconds at will.
var dateForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$`)

func (r *Report) checkDate(place string, value any) {
	text, ok := value.(string)
	if !ok {
		if value != nil { // null is no date, and harmless
			r.add("bad-date", "%s in pass.json is %s, not a date", place, kind(value))
		}
		return
	}
	if !isDate(text) {
		r.add("bad-date", "%s in pass.json is %q, which phones do not read as a date", place, short(text))
		return
	}
	if strings.Contains(text, ".") {
		r.add("date-fraction", "%s in pass.json has fractions of a second", place)
	}
}

func isDate(text string) bool {
	if !dateForm.MatchString(text) {
		return false
	}
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04Z07:00"} {
		if _, err := time.Parse(layout, text); err == nil {
			return true
		}
	}
	return false
}

func isText(value any) bool { _, ok := value.(string); return ok }

// kind names a JSON value for a message, without quoting it at length.
func kind(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return fmt.Sprintf("the truth value %v", v)
	case json.Number:
		return "the number " + short(v.String())
	case string:
		return fmt.Sprintf("the text %q", short(v))
	case []any:
		return "an array"
	case map[string]any:
		return fmt.Sprintf("an object with %d keys", len(v))
	}
	return "of an unknown kind"
}
