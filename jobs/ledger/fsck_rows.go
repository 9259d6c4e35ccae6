package ledger

import (
	"bytes"
	"context"
	"fmt"

	"passmill/jobs"
)

// span is how many ids a query over all rows goes through: a query that finds
// nothing must end in time as well.
const span = 20_000

// rows looks for rows that are marked as made and have no pass.
func (c *checker) rows(ctx context.Context) error {
	const (
		query = `
			SELECT r.id, r.run_id, r.serial
			FROM rows r
			LEFT JOIN passes p ON p.id = r.pass_id
			WHERE r.id > ? AND r.id <= ? AND r.state = 'made' AND (p.id IS NULL OR p.serial <> r.serial OR p.row_id < r.id)
			ORDER BY r.id`
		count = `SELECT COUNT(*) FROM rows WHERE ? = '' OR run_id IN (SELECT id FROM runs WHERE sink = ?)`
	)
	if err := c.get(ctx, &c.Summary.Rows, count, c.Sink, c.Sink); err != nil {
		return err
	}
	var newest int64
	if err := c.get(ctx, &newest, `SELECT COALESCE(MAX(id), 0) FROM rows`); err != nil {
		return err
	}
	for from := int64(0); from < newest; from += span {
		var page []struct {
			ID     int64  `db:"id"`
			Run    int64  `db:"run_id"`
			Serial string `db:"serial"`
		}
		if err := c.list(ctx, &page, query, from, from+span); err != nil {
			return err
		}
		for _, r := range page {
			if !c.found(Finding{
				Code: "row-without-pass", Subject: fmt.Sprintf("row %d of run %d, serial number %s", r.ID, r.Run, r.Serial),
				Message: "is marked as made, but no pass shows it or a newer one", Fix: "restore the last backup",
			}) {
				return nil
			}
		}
	}
	return nil
}

// A passCheck is a pass beside the row that it shows.
type passCheck struct {
	ID        int64   `db:"id"`
	TypeID    string  `db:"type_id"`
	Serial    string  `db:"serial"`
	Print     []byte  `db:"fingerprint"`
	State     *string `db:"state"`
	RowSerial *string `db:"row_serial"`
	RowPass   *int64  `db:"row_pass"`
	RowPrint  []byte  `db:"row_print"`
	Artefacts int     `db:"artefacts"`
	Here      int     `db:"here"` // artefacts in the asked sink
	Template  int     `db:"template"`
	Former    int64   `db:"former_row"`
	FormerOf  *int64  `db:"former_pass"` // the pass that the former row was made into
	Run       int64   `db:"standing_run"`
	standingRow
	Planned int `db:"planned"` // it is pressed when somebody asks for it
}

// passes looks for passes without the row, the template or the artefact that
// they were made of.
func (c *checker) passes(ctx context.Context) error {
	const query = `
		SELECT p.id, p.type_id, p.serial, p.fingerprint,
			r.state, r.serial AS row_serial, r.pass_id AS row_pass, r.fingerprint AS row_print,
			(SELECT COUNT(*) FROM artefacts a WHERE a.pass_id = p.id) AS artefacts,
			(SELECT COUNT(*) FROM artefacts a WHERE a.pass_id = p.id AND a.sink = ?) AS here,
			(SELECT COUNT(*) FROM templates t WHERE t.version = p.template_version) AS template,
			p.former_row, f.pass_id AS former_pass, p.standing_run, p.standing, p.standing_cause, p.standing_ends,
			CASE WHEN u.sink = '' THEN 1 ELSE 0 END AS planned
		FROM passes p
		LEFT JOIN rows r ON r.id = p.row_id
		LEFT JOIN rows f ON f.id = p.former_row
		LEFT JOIN runs u ON u.id = r.run_id
		WHERE p.id > ?
		ORDER BY p.id
		LIMIT ` + pageLimit
	for last := int64(0); ; {
		var page []passCheck
		if err := c.list(ctx, &page, query, c.Sink, last); err != nil || len(page) == 0 {
			return err
		}
		for i := range page {
			last = page[i].ID
			if c.Sink == "" || page[i].Here > 0 {
				c.Summary.Passes++
			}
			if !c.all(page[i].findings()) {
				return nil
			}
		}
	}
}

// pageLimit is pageSize as SQL.
const pageLimit = `500`

func (p *passCheck) findings() []Finding {
	var findings []Finding
	add := func(code, message, fix string) {
		subject := fmt.Sprintf("pass %s/%s", p.TypeID, p.Serial)
		findings = append(findings, Finding{Code: code, Subject: subject, Message: message, Fix: fix})
	}
	const restore = "restore the last backup"
	switch {
	case p.State == nil:
		add("pass-without-row", "has no row version", restore)
	case *p.State != "made" || p.RowPass == nil || *p.RowPass != p.ID:
		add("row-not-made", "shows a row that is not marked as made into it", restore)
	case *p.RowSerial != p.Serial || string(p.RowPrint) != string(p.Print):
		add("wrong-row", "shows a row with another serial number or fingerprint", restore)
	}
	if p.Template == 0 {
		add("pass-without-template", "has no template version", restore)
	}
	if p.Artefacts == 0 && p.Planned == 0 && !bytes.Equal(p.Print, zeroHash) { // what was erased has no file
		add("pass-without-artefact", "is marked as made, but lies in no output folder", makeAgain)
	}
	if p.Former > 0 && (p.FormerOf == nil || *p.FormerOf != p.ID) {
		add("wrong-former-row", "was made before of a row that is not its own, so that its run can't be taken back", restore)
	}
	s := p.standing()
	if s.Valid() != (s.Cause == "") || (s.State == jobs.StandingExpired) != (p.Ends > 0) || (s.Cause == jobs.CauseMissing) != (p.Run > 0) {
		add("standing", "stands in a way that contradicts itself", "say again how it stands: passmill void, expire or reissue")
	}
	return findings
}

// names looks for files that two passes claim, or a pass and a bundle.
func (c *checker) names(ctx context.Context) error {
	const query = `
		SELECT sink, name
		FROM (
			SELECT sink, name FROM artefacts WHERE name IS NOT NULL
			UNION ALL
			SELECT sink, name FROM bundle_parts
		) claims
		GROUP BY sink, name
		HAVING COUNT(*) > 1
		ORDER BY sink, name
		LIMIT ` + pageLimit
	var page []struct {
		Sink string `db:"sink"`
		Name string `db:"name"`
	}
	if err := c.list(ctx, &page, query); err != nil {
		return err
	}
	for _, p := range page {
		if !c.found(Finding{Code: "name-claimed-twice", Subject: p.Name, Message: fmt.Sprintf("belongs to two passes or bundles of the output folder %s", p.Sink), Fix: "restore the last backup"}) {
			return nil
		}
	}
	return nil
}

// bundles tells which bundles are still to be made.
func (c *checker) bundles(ctx context.Context) error {
	const query = `
		SELECT job, sink, COUNT(*) AS n, COALESCE(SUM(CASE WHEN state = 'dirty' THEN 1 ELSE 0 END), 0) AS dirty
		FROM bundles
		GROUP BY job, sink
		ORDER BY job, sink`
	var page []struct {
		Job   string `db:"job"`
		Sink  string `db:"sink"`
		N     int    `db:"n"`
		Dirty int    `db:"dirty"`
	}
	if err := c.list(ctx, &page, query); err != nil {
		return err
	}
	for _, b := range page {
		if c.concerns(b.Sink) {
			c.Summary.Bundles += b.N
		}
		if b.Dirty > 0 && !c.found(Finding{
			Code: "dirty-bundles", Advice: true, Subject: fmt.Sprintf("job %q", b.Job),
			Message: fmt.Sprintf("%d of its bundles in the output folder %s are to be made again", b.Dirty, b.Sink), Fix: "run the job again",
		}) {
			return nil
		}
	}
	return nil
}

// leftovers tells how many files are still to be removed.
func (c *checker) leftovers(ctx context.Context) error {
	const query = `SELECT sink, COUNT(*) AS n FROM leftovers GROUP BY sink ORDER BY sink`
	var page []struct {
		Sink string `db:"sink"`
		N    int    `db:"n"`
	}
	if err := c.list(ctx, &page, query); err != nil {
		return err
	}
	for _, l := range page {
		if !c.found(Finding{
			Code: "leftovers", Advice: true, Subject: "output folder " + l.Sink,
			Message: fmt.Sprintf("holds %d files that are to be removed", l.N), Fix: "run the job again: that removes them",
		}) {
			return nil
		}
	}
	return nil
}
