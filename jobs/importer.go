package jobs

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
)

// batchRows is how many rows are compared and staged at once: enough to make a
// transaction worth its sync, few enough to keep in memory.
const batchRows = 1000

// A Target says whose passes an import makes and where they go.
type Target struct {
	Job      string
	TypeID   string
	TeamID   string
	Template Hash   // template version
	Sink     string // what the ledger calls the sink

	// Service is the address where phones ask for updates of the passes, and
	// Token the version of the master key that their tokens come from. Both are
	// empty for passes without updates.
	Service string
	Token   int
}

// An Importer reads the rows of a source, checks them and stages those that are
// new or changed. An unchanged row costs a hash and a comparison.
type Importer struct {
	Target Target
	Source Source
	Schema *Schema
	Serial int // index of the field that is the serial number
	Bundle int // index of the field that makes bundles, or -1
	// Contacts is how many of the fields, the last ones, only mails need. They are
	// kept with the row and are no part of what its pass is made of: when only
	// they change, the row is staged again, and the pass keeps its change number.
	Contacts int
	Names    *Pattern // of the artefacts; nil if passes are only planned
	Folder   bool     // give a pattern without a folder one (see FolderThreshold)

	// Snapshot is the ledger. Nil means: compare with nothing, store nothing.
	Snapshot Snapshot
	// Missing returns those of the names under which nothing lies in the
	// sink: their passes are pressed again. Nil means that nothing is missing.
	Missing func(ctx context.Context, names []string) ([]string, error)
	// Owners returns, by name, the jobs to which files in the sink belong that
	// belong to any. It may be nil.
	Owners func(ctx context.Context, names []string) (map[string]string, error)
	// Preflight predicts what a phone would refuse in the pass of a row that
	// is to be pressed. It may be nil, and is called from several goroutines.
	Preflight func(values []Value, serial string) []Finding
	// Images takes in what fields of type image name. It may be nil if there
	// are none.
	Images Images

	// Erased reports whether a row is of somebody who was erased, and must not come
	// back. It may be nil.
	Erased func(serial string, values []Value) bool

	Force bool // stage unchanged rows too
	// Canary is the share of the changed passes that are staged; the others are held:
	// left as they are. 0 means all.
	Canary Share
	Limit  int      // read no more rows than this; 0 means all
	Only   []string // take the rows with these serial numbers; empty means all

	// Taken gets every row that is not refused, staged or unchanged, with its
	// Mark; Untaken the numbers of those that turned out to be refused after
	// that. Both may be nil.
	Taken   func(s Staged, mark string) error
	Untaken func(rows []int)

	// Report gets every problem, in the order of the rows. It may be nil.
	Report func(Problem)
	// Progress is called now and then with what has been read. It may be nil.
	Progress func(Count)

	seen  *serials
	found []string // of Only
	count Count
}

// Unfound returns those serial numbers of Only that no row had.
func (im *Importer) Unfound() (unfound []string) {
	for _, serial := range im.Only {
		if !slices.Contains(im.found, serial) {
			unfound = append(unfound, serial)
		}
	}
	return unfound
}

// A Finding is what is wrong with a pass that a row would make.
type Finding struct {
	Fields   []string // the fields whose values cause it; empty if the template does
	Inside   string   // where in the value of the first of Fields, if that is a list: "[1].dateStyle"
	Code     string
	Severity Severity
	Message  string
	Fix      string
}

// Import reads the source to its end. It returns how many rows there are, how
// many would be pressed (Made), are unchanged, and are refused. The only errors
// are those of the source, the ledger and the sink, and the end of ctx: what is
// wrong with rows goes to Report and into the ledger.
func (im *Importer) Import(ctx context.Context, run int64) (Count, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	im.seen, im.count = newSerials(im.Names), Count{}

	// One goroutine reads and hashes while this one asks the ledger.
	batches := make(chan []candidate, 2)
	var readErr error // written by the reader, read once batches is closed
	go func() {
		defer close(batches)
		readErr = im.read(ctx, batches)
	}()
	defer func() { // the reader ends before Import does
		cancel()
		for range batches {
		}
	}()

	number := 0
	for rows := range batches {
		number++
		if err := im.stage(ctx, run, number, rows); err != nil {
			return im.count, err
		}
	}
	if readErr != nil {
		return im.count, readErr
	}
	return im.count, im.withdraw(ctx, run, number+1)
}

// A candidate is a row that has been read and hashed.
type candidate struct {
	origin   Origin
	mark     string
	staged   Staged
	values   []Value // kept for the preflight
	lists    []List
	problems []Problem
	refused  bool
	again    bool  // its serial number has been met before
	held     bool  // it is seen though it changed
	seen     int64 // id of its pass, if the row is unchanged
}

// read sends the rows of the source in batches.
func (im *Importer) read(ctx context.Context, batches chan<- []candidate) error {
	rows := make([]candidate, 0, batchRows)
	send := func() error {
		if err := im.takeImages(ctx, rows); err != nil {
			return err
		}
		for i := range rows {
			im.seal(&rows[i])
		}
		select {
		case batches <- rows:
			rows = make([]candidate, 0, batchRows)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	n := 0
	for row, err := range im.Source.Rows(ctx) {
		if err != nil {
			return err
		}
		if im.Limit > 0 && n == im.Limit {
			break
		}
		n++
		c, ok := im.candidate(row)
		if !ok {
			continue
		}
		if rows = append(rows, c); len(rows) == batchRows {
			if err := send(); err != nil {
				return err
			}
		}
	}
	return send()
}

// candidate reads one row; ok is false if Only does not ask for it.
func (im *Importer) candidate(row Row) (c candidate, ok bool) {
	values := make([]Value, len(im.Schema.Fields))
	problems := append(slices.Clone(row.Problems), im.Schema.Read(row, values)...)
	serial := values[im.Serial].Text
	if len(im.Only) > 0 {
		if !slices.Contains(im.Only, serial) {
			return candidate{}, false
		}
		im.found = append(im.found, serial)
	}
	if im.Erased != nil && im.Erased(serial, values) {
		return erased(row.Origin, len(values)), true
	}
	c = candidate{origin: row.Origin, mark: row.Mark, values: values, lists: row.Lists, problems: problems}
	for i := range problems {
		problems[i].Serial = serial
		c.refused = c.refused || problems[i].Severity == Refused
	}
	c.staged = Staged{Row: row.Origin.Row, Serial: serial}
	if im.Bundle >= 0 {
		c.staged.Bundle = values[im.Bundle].Text
	}
	im.checkKeys(&c)
	return c, true
}

// erased returns a row that is refused and of which nothing is kept: neither what else
// is wrong with it nor its serial number.
func erased(at Origin, values int) candidate {
	return candidate{origin: at, refused: true, values: make([]Value, values), staged: Staged{Row: at.Row}, problems: []Problem{{
		Origin: at, Code: "erased", Severity: Refused, Message: "is of a person who was erased",
		Fix: "remove the row from the source; if the person has come back, run passmill erase --lift with the serial number or the address",
	}}}
}

// seal encodes and hashes what a row's pass is to be made of.
func (im *Importer) seal(c *candidate) {
	if c.refused {
		return
	}
	own := len(c.values) - im.Contacts
	c.staged.Values = AppendValues(make([]byte, 0, 24*len(c.values)), im.Schema.Fields[:own], c.values[:own])
	if im.Names != nil {
		c.staged.Name = im.Names.Name(c.staged.Serial, c.staged.Row, im.Folder)
	}
	c.staged.Fingerprint = im.Target.fingerprint(c.staged.Serial, c.staged.Values)
	end := len(c.staged.Values)
	c.staged.Values = appendFields(c.staged.Values, im.Schema.Fields[own:], c.values[own:])
	if contact := c.staged.Values[end:]; len(contact) > 0 {
		sum := sha256.Sum256(contact)
		c.staged.Contact = Hash(sum[:len(Hash{})])
	}
}

// maxKey bounds serial numbers and the values that make bundles: databases keep
// them in indexes, and people on cards.
const maxKey = 500

// checkKeys refuses what can't be a key, and sorts the problems of the row.
func (im *Importer) checkKeys(c *candidate) {
	for _, field := range []int{im.Serial, im.Bundle} {
		if field >= 0 && len(c.values[field].Text) > maxKey {
			im.refuse(c, field, "too-long", fmt.Sprintf("has more than %d bytes", maxKey), "shorten it")
		}
	}
	c.sortProblems()
}

func (c *candidate) sortProblems() {
	slices.SortStableFunc(c.problems, func(a, b Problem) int {
		return cmp.Or(c.elsewhere(a)-c.elsewhere(b), a.Origin.Row-b.Origin.Row,
			cmp.Compare(len(a.Origin.Column), len(b.Origin.Column)), cmp.Compare(a.Origin.Column, b.Origin.Column))
	})
}

// elsewhere is 1 if a problem of the row stands on another sheet than the row.
func (c *candidate) elsewhere(p Problem) int {
	if p.Origin.Sheet != c.origin.Sheet {
		return 1
	}
	return 0
}

// fingerprint is the hash over everything that the content of a pass depends
// on. The values are those that the template uses, and no others; its images
// and strings are in its version, and a row's own images are values.
func (t Target) fingerprint(serial string, values []byte) Hash {
	var buf [512]byte
	data := append(buf[:0], t.Template[:]...)
	for _, s := range []string{t.TypeID, t.TeamID, serial} {
		data = appendString(data, s)
	}
	if t.Service != "" {
		data = binary.AppendUvarint(appendString(data, t.Service), uint64(t.Token))
	}
	sum := sha256.Sum256(append(data, values...))
	return Hash(sum[:len(Hash{})])
}

// refuse marks the candidate as refused for a reason that concerns the whole
// row or one field.
func (im *Importer) refuse(c *candidate, field int, code, message, fix string) {
	p := Problem{Origin: c.origin, Serial: c.staged.Serial, Code: code, Severity: Refused, Message: message, Fix: fix}
	if field >= 0 {
		p.Field = im.Schema.Fields[field].Name
		p.Origin.Column = im.Schema.Column(field)
		if c.values != nil { // the first row of a pair is long gone
			p.Value = Shorten(c.values[field].Text)
		}
	}
	c.problems = append(c.problems, p)
	c.refused = true
}

// preflight fills and judges the pass that the row would make.
func (im *Importer) preflight(c *candidate) {
	if im.Preflight == nil || c.refused {
		return
	}
	for _, f := range im.Preflight(c.values, c.staged.Serial) {
		field := -1
		if len(f.Fields) > 0 {
			field = im.Schema.Index(f.Fields[0])
		}
		im.find(c, field, f)
	}
}

// find notes a finding about a field of the candidate, or about all of it.
func (im *Importer) find(c *candidate, field int, f Finding) {
	before := c.refused
	im.refuse(c, field, f.Code, f.Message, f.Fix)
	p := &c.problems[len(c.problems)-1]
	p.Severity = f.Severity
	if at, ok := im.element(c, field, f.Inside); ok {
		p.Origin, p.Value = at, ""
	}
	c.refused = before || f.Severity == Refused
}

// element returns where the element of a list comes from that a finding is about.
func (im *Importer) element(c *candidate, field int, inside string) (Origin, bool) {
	if field < 0 {
		return Origin{}, false
	}
	i := slices.IndexFunc(c.lists, func(l List) bool { return l.Cell == im.Schema.columns[field] })
	if i < 0 {
		return Origin{}, false
	}
	return c.lists[i].origin(inside)
}

// owner refuses a row whose pass belongs to another job.
func (im *Importer) owner(c *candidate, known Known) {
	if !c.refused && known.Job != im.Target.Job {
		im.refuse(c, im.Serial, "other-job", fmt.Sprintf("job %q has already made a pass with this serial number and pass type", known.Job),
			fmt.Sprintf("if this job takes its place, write name: %s into it; else use other serial numbers", known.Job))
	}
}
