package verify

// readPass decodes pass.json as leniently as phones do, and notes what it says
// of itself.
func (r *Report) readPass(b *bundle) {
	data, ok := b.files["pass.json"]
	if !ok {
		if !b.has("pass.json") {
			r.add("no-pass", "the archive has no pass.json")
		}
		return
	}
	doc := decode(relaxed(data))
	pass, ok := doc.value.(map[string]any)
	if doc.err != nil || !ok {
		r.add("pass-malformed", "pass.json is not a JSON object%s", doc.where())
		return
	}
	text := func(key string) string { s, _ := pass[key].(string); return s }
	r.Serial, r.TypeID, r.TeamID = text("serialNumber"), text("passTypeIdentifier"), text("teamIdentifier")
	r.Organization, r.Description = text("organizationName"), text("description")
}
