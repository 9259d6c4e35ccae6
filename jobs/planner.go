package jobs

import "context"

// A Planner takes staged rows into the books and presses nothing: their passes get
// change numbers, and are pressed when somebody asks for them. It stands in the place
// of a [Presser] where a job has no sink.
type Planner struct {
	Target Target // without a sink
}

// maxPlannedRows is how many rows a chunk has that is only planned: it costs a
// transaction and nothing else.
const maxPlannedRows = 2000

// PlanChunk returns what is recorded of a chunk.
func (p *Planner) PlanChunk(ctx context.Context, c Chunk) ([]Made, error) {
	made := make([]Made, len(c.Rows))
	for i, row := range c.Rows {
		made[i] = Made{Staged: row, TypeID: p.Target.TypeID, Template: p.Target.Template, Token: p.Target.Token}
	}
	return made, ctx.Err()
}

// Stage returns the row that an import would stage of these values, for a pass
// without a sink.
func (t Target) Stage(serial, bundle string, values []byte) Staged {
	return Staged{Serial: serial, Bundle: bundle, Values: values, Fingerprint: t.fingerprint(serial, values)}
}
