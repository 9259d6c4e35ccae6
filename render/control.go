package render

// An Identity is what passmill sets in every pass of a template.
type Identity struct {
	TypeID        string // passTypeIdentifier
	TeamID        string // teamIdentifier
	WebServiceURL string // empty: passes without updates
}

// A control is a top-level key that passmill sets. A placeholder in it would
// let a row send the pass's updates and its token to another host, or make a
// pass that the certificate can't sign.
type control struct {
	key    string
	advice string // for a literal, which is refused; empty if an equal one may stay
}

var controls = []control{
	{key: "formatVersion"},
	{key: "passTypeIdentifier"},
	{key: "teamIdentifier"},
	{key: "webServiceURL", advice: "remove it: passmill sets it from the job"},
	{key: "authenticationToken", advice: "remove it: one token for all passes would open each pass to every other customer; passmill gives each pass its own"},
}

// controlOf returns the control that a key means, however it is spelled.
func controlOf(key string) *control {
	folded := FoldName(key)
	for i := range controls {
		if FoldName(controls[i].key) == folded {
			return &controls[i]
		}
	}
	return nil
}

// checkControls notes every control key that the template may not set so.
func (c *compiler) checkControls(root *Node) {
	for i := range root.Members {
		m := &root.Members[i]
		key := m.Key
		if m.bare {
			key = bareName(m.Key)
		}
		ctl := controlOf(key)
		switch {
		case ctl == nil:
		case m.bare || hasPlaceholder(&m.Value):
			c.add(m.at, "%s takes no placeholder; remove it: passmill sets it", ctl.key)
		case key != ctl.key:
			c.add(m.at, "%s is spelled %s", key, ctl.key)
		case ctl.advice != "":
			c.add(m.at, "%s doesn't belong in a template; %s", ctl.key, ctl.advice)
		default:
			c.checkLiteral(ctl.key, &m.Value)
		}
	}
}

// checkLiteral compares a literal that may stay with what will be set.
func (c *compiler) checkLiteral(key string, n *Node) {
	switch key {
	case "formatVersion":
		if n.Kind != NumberNode || n.Text != "1" {
			c.add(n.at, "formatVersion is always 1")
		}
	case "passTypeIdentifier":
		c.id.TypeID = c.same(key, n, c.id.TypeID)
	case "teamIdentifier":
		c.id.TeamID = c.same(key, n, c.id.TeamID)
	}
}

func (c *compiler) same(key string, n *Node, want string) string {
	switch {
	case n.Kind != StringNode:
		c.add(n.at, "%s is a string, not %v", key, n.Kind)
	case want != "" && n.Text != want:
		c.add(n.at, "%s is %q in the template, but the certificate is for %q; remove it from the template or choose the other certificate", key, n.Text, want)
	case want == "":
		return n.Text
	}
	return want
}

// complete returns the members of the pass: those of the template, in their
// order, with what passmill sets in place of what stands there, or added.
func (c *compiler) complete(members []Member) []Member {
	set := []Member{
		{Key: "formatVersion", Value: Node{Kind: NumberNode, Text: "1"}},
		{Key: "passTypeIdentifier", Value: Node{Kind: StringNode, Text: c.id.TypeID}},
		{Key: "teamIdentifier", Value: Node{Kind: StringNode, Text: c.id.TeamID}},
		{Key: "serialNumber", Value: Node{Kind: StringNode}},
	}
	if c.id.WebServiceURL != "" {
		set = append(set,
			Member{Key: "webServiceURL", Value: Node{Kind: StringNode, Text: c.id.WebServiceURL}},
			Member{Key: "authenticationToken", Value: Node{Kind: StringNode}})
	}
	var all []Member
	for _, m := range set {
		if indexKey(members, m.Key) < 0 {
			all = append(all, m)
		}
	}
	for _, m := range members {
		if i := indexKey(set, m.Key); i >= 0 {
			m = set[i]
		}
		all = append(all, m)
	}
	return all
}

func indexKey(members []Member, key string) int {
	for i := range members {
		if members[i].Key == key {
			return i
		}
	}
	return -1
}

// serial notes where the template takes the serial number from.
func (c *compiler) serial(m *Member) {
	n := &m.Value
	if n.Kind != StringNode {
		c.add(n.at, "serialNumber is a string, not %v", n.Kind)
		return
	}
	list, bad := pieces(n.Text)
	switch {
	case bad != "":
		c.add(n.at, "%s", bad)
	case len(list) == 1 && list[0].name != "":
		c.serialField = c.names[c.slot(list[0].name, m.bare, String)]
	case hasPlaceholder(n):
		c.add(n.at, "serialNumber takes one whole placeholder or none; it can't be mixed with text, since passmill sets it from the job")
	}
}
