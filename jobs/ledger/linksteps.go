package ledger

// The steps of links; no run passes them.
const (
	stepLinks  step = "links"
	stepRevoke step = "revoke"
	stepUse    step = "use-link"
	stepSeries step = "series"
	stepSealed step = "sealed"
	stepMark   step = "mark"
)

var linkSteps = []step{stepLinks, stepRevoke, stepUse, stepSeries, stepSealed, stepMark}

// LinkFaultPoints returns those of links.
func LinkFaultPoints() []string { return points(linkSteps) }
