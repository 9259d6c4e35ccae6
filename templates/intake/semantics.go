package intake

import (
	"fmt"
	"regexp"

	"passmill/render"
)

// holders are semantic tags that say something of the holder or of his ticket.
var holders = regexp.MustCompile(`^(?:confirmationNumber|boarding(?:Group|SequenceNumber|Zone)|priorityStatus|securityScreening|` +
	`membershipProgram(?:Number|Status)|ticketFareClass|admissionLevel(?:Abbreviation)?|additionalTicketAttributes|` +
	`attendeeName|entranceDescription|venueEntrance.*|duration|silenceRequested)$`)

// journeys are tags that differ with the journey, and so with the boarding pass.
var journeys = regexp.MustCompile(`^(?:departure|destination|original|current|transit(?:Status|Information)|vehicle|flight|carNumber).*$`)

var dateTag = regexp.MustCompile(`Date$`)

// semantics finds spots among semantic tags.
func (f *finder) semantics(tags *render.Node, path string) {
	if tags == nil {
		return
	}
	for i := range tags.Members {
		m := &tags.Members[i]
		at := join(path, m.Key)
		switch {
		case m.Key == "passengerName":
			f.parts(&m.Value, at)
		case m.Key == "seats":
			for j := range m.Value.Elems {
				f.parts(&m.Value.Elems[j], fmt.Sprintf("%s[%d]", at, j))
			}
		case m.Key == "balance" || m.Key == "totalPrice":
			f.add(spot{node: m.Value.Get("amount"), path: at + ".amount", want: render.Any, name: nameOf(m.Key), money: true})
		case holders.MatchString(m.Key), dateTag.MatchString(m.Key), f.boarding && journeys.MatchString(m.Key):
			s := spot{node: &m.Value, path: at, want: tag(m.Key), name: nameOf(m.Key)}
			s.moment = dateTag.MatchString(m.Key) && s.want == render.Any
			f.add(s)
		}
	}
}

// parts finds the spots of a name or a seat.
func (f *finder) parts(n *render.Node, path string) {
	for i := range n.Members {
		m := &n.Members[i]
		f.add(spot{node: &m.Value, path: join(path, m.Key), want: render.Any, name: nameOf(m.Key)})
	}
}

// tag returns what Apple wants under a semantic tag.
func tag(key string) render.Type {
	return render.PassShape.Keys["semantics"].Of.Keys[key].Type
}
