package jobs

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"sync"

	"passmill/jobs/fault"
)

// groupSize is how many manifests are signed in one call: what a signer with
// eight lanes can do at once.
const groupSize = 8

// maxPassSize bounds a pass; no real one comes near it, and a phone on a slow
// line would not finish loading it.
const maxPassSize = 10 << 20

// A Signer signs the manifests of passes.
type Signer interface {
	// Sign returns a detached signature for each manifest. It is safe for
	// concurrent use. If it fails, none of the signatures is to be used, and
	// no other manifest can be expected to succeed.
	Sign(ctx context.Context, manifests [][]byte) (signatures [][]byte, err error)
}

// An Archive lays out the archives of one template version. The contents are
// those of the files that differ from pass to pass, in a fixed order. It is safe
// for concurrent use.
type Archive interface {
	Manifest(contents [][]byte) []byte
	// Pack appends the whole archive to dst.
	Pack(dst []byte, contents [][]byte, manifest, signature []byte) []byte
	// Same reports whether data is what Pack makes of these contents with
	// the signature that data carries, and returns that signature.
	Same(data []byte, contents [][]byte, manifest []byte) (signature []byte, ok bool)
}

// A Presser turns staged rows into signed passes in a sink. It is safe for
// concurrent use.
type Presser struct {
	Target      Target
	Certificate string // id of the certificate that signs, for the ledger
	Fields      []Field
	// Fill returns the contents of the files that differ from pass to pass, but
	// for the images of rows: those follow it, three files for each field of
	// type image.
	Fill func(values []Value, serial string) (contents [][]byte, err error)
	// Image returns an image that the import kept, or [ErrNotFound]. It may be
	// nil if no field is one.
	Image func(ctx context.Context, id Hash) (*Image, error)
	// Amend makes of the contents those of a pass that does not stand as its row
	// says. It may be nil if all do.
	Amend func(contents [][]byte, s Standing) error
	// Standings returns, by serial number, how the passes stand that do not stand as
	// their rows say. It may be nil if all do, or if the rows say so themselves.
	Standings func(ctx context.Context, serials []string) (map[string]Standing, error)

	Archive Archive
	Signer  Signer
	Sink    Sink
	// Trusted reports whether a pass that a killed run left in the sink
	// carries a good signature of ours, so that it can be adopted as it is.
	// Nil means that none is adopted.
	Trusted func(pass []byte) bool

	// Slots bounds how many chunks are filled and signed at once, by its
	// capacity. While these take the processor, others wait for the disk: were
	// they all to sign at once, they would all wait at once as well. Nil means
	// no bound.
	Slots chan struct{}

	buffers sync.Pool // of *[]byte, for an archive
}

// A Chunk is a few rows of a run: the unit of pressing, of transactions and of
// retries.
type Chunk struct {
	Run  int64
	Rows []Staged
}

// PressChunk presses the rows of a chunk and delivers the passes to the sink.
// On return each row is made (whole and durable) or failed. An error means that
// the chunk as a whole did not succeed and its rows are to stay as they were;
// what lies in the sink already will be adopted when the chunk is tried again.
func (p *Presser) PressChunk(ctx context.Context, c Chunk) (made []Made, failed []Failed, err error) {
	batch, failed, err := p.prepare(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	var packErr error
	if err := p.Sink.Put(ctx, p.packed(ctx, batch, &packErr)); err != nil {
		return nil, nil, fmt.Errorf("write passes: %w", err)
	}
	if packErr != nil {
		return nil, nil, packErr
	}
	for i := range batch {
		if one := &batch[i]; one.size > maxPassSize {
			failed = append(failed, Failed{one.row, p.tooBig(one)})
		} else {
			made = append(made, p.made(one))
		}
	}
	return made, failed, nil
}

// prepare fills and signs the rows of a chunk, in a slot of its own.
func (p *Presser) prepare(ctx context.Context, c Chunk) (batch []pressing, failed []Failed, err error) {
	if p.Slots != nil {
		select {
		case p.Slots <- struct{}{}:
			defer func() { <-p.Slots }()
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
	if err := p.stand(ctx, c.Rows); err != nil {
		return nil, nil, err
	}
	batch = make([]pressing, 0, len(c.Rows))
	for _, row := range c.Rows {
		one, problem, err := p.fill(ctx, row)
		if err != nil {
			return nil, nil, err
		}
		if problem != nil {
			failed = append(failed, Failed{row, *problem})
			continue
		}
		one.manifest = p.Archive.Manifest(one.contents)
		if err := p.adopt(ctx, &one); err != nil {
			return nil, nil, err
		}
		if one.images { // those of a whole chunk would not fit into memory
			one.contents = nil
		}
		batch = append(batch, one)
	}
	return batch, failed, p.sign(ctx, batch)
}

// stand finds out how the passes of rows stand.
func (p *Presser) stand(ctx context.Context, rows []Staged) error {
	if p.Standings == nil {
		return nil
	}
	serials := make([]string, len(rows))
	for i := range rows {
		serials[i] = rows[i].Serial
	}
	standings, err := p.Standings(ctx, serials)
	if err != nil {
		return fmt.Errorf("look how passes stand: %w", err)
	}
	for i := range rows {
		rows[i].Standing = standings[rows[i].Serial]
	}
	return nil
}

// packed yields the archives of a batch, each in the same buffer, and notes
// their sizes. What stops it goes to failure.
func (p *Presser) packed(ctx context.Context, batch []pressing, failure *error) iter.Seq[Pass] {
	return func(yield func(Pass) bool) {
		buffer, _ := p.buffers.Get().(*[]byte)
		if buffer == nil {
			buffer = new([]byte)
		}
		defer p.buffers.Put(buffer)
		for i := range batch {
			one := &batch[i]
			if one.adopted {
				continue
			}
			contents := one.contents
			if one.images {
				again, problem, err := p.fill(ctx, one.row)
				if err != nil || problem != nil { // it was filled before without any
					*failure = fmt.Errorf("fill the pass of row %d again: %w", one.row.Row, cmp.Or(err, errors.New("its images are gone from the ledger; run the job again")))
					return
				}
				contents = again.contents
			}
			*buffer = p.Archive.Pack((*buffer)[:0], contents, one.manifest, one.signature)
			one.size = int64(len(*buffer))
			if one.size <= maxPassSize && !yield(Pass{Name: one.row.Name, Data: *buffer}) {
				return
			}
		}
	}
}

func (p *Presser) tooBig(one *pressing) Problem {
	message := fmt.Sprintf("its pass has %d MiB, but at most %d are allowed", one.size>>20, maxPassSize>>20)
	return p.problem(one.row, "too-big", message, "use smaller images")
}

// pressing is a pass on its way through the presser.
type pressing struct {
	row                 Staged
	contents            [][]byte
	images              bool // it has images of its own: contents are filled in again when it is packed
	manifest, signature []byte
	adopted             bool
	size                int64
}

// fill makes the contents of a row's pass. An error is none of the row.
func (p *Presser) fill(ctx context.Context, row Staged) (pressing, *Problem, error) {
	values := make([]Value, len(p.Fields))
	if err := ParseValues(row.Values, p.Fields, values); err != nil {
		problem := p.problem(row, "unreadable", err.Error(), "run the job again with --force")
		return pressing{}, &problem, nil
	}
	contents, err := p.Fill(values, row.Serial)
	if err != nil {
		problem := p.problem(row, "not-filled", err.Error(), "compare the row with what template.yaml declares")
		return pressing{}, &problem, nil
	}
	if p.Amend != nil && !row.Standing.Valid() {
		if err := p.Amend(contents, row.Standing); err != nil {
			return pressing{}, nil, fmt.Errorf("amend the pass of row %d: %w", row.Row, err)
		}
	}
	one := pressing{row: row, contents: contents}
	for i := range p.Fields {
		if p.Fields[i].Type != TypeImage {
			continue
		}
		image, err := p.image(ctx, values[i])
		if errors.Is(err, ErrNotFound) {
			problem := p.problem(row, "image-lost", "the ledger has lost its image", "run the job again: it is taken in anew")
			return pressing{}, &problem, nil
		}
		if err != nil {
			return pressing{}, nil, fmt.Errorf("load the image of row %d: %w", row.Row, err)
		}
		one.contents = append(one.contents, image.Files[:]...)
		one.images = one.images || values[i].Present
	}
	return one, nil, nil
}

// image returns what a field of type image holds: no files at all if it is
// absent.
func (p *Presser) image(ctx context.Context, v Value) (*Image, error) {
	if !v.Present {
		return &Image{}, nil
	}
	id, err := ImageID(v)
	if err != nil {
		return nil, err
	}
	return p.Image(ctx, id)
}

// adopt finds out whether the pass lies in the sink already, byte for byte as it
// would be pressed: then a run was killed after it was put there and before the
// ledger could say so. It is left alone.
func (p *Presser) adopt(ctx context.Context, one *pressing) error {
	if p.Trusted == nil {
		return nil
	}
	data, err := p.Sink.Get(ctx, one.row.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for an earlier pass: %w", err)
	}
	if _, same := p.Archive.Same(data, one.contents, one.manifest); same && p.Trusted(data) {
		one.adopted, one.size = true, int64(len(data))
	}
	return nil
}

// sign signs the manifests in groups.
func (p *Presser) sign(ctx context.Context, batch []pressing) error {
	group := make([]*pressing, 0, groupSize)
	manifests := make([][]byte, 0, groupSize)
	flush := func() error {
		if err := ctx.Err(); err != nil || len(group) == 0 {
			return err
		}
		if err := fault.Point("press.sign"); err != nil {
			return err
		}
		signatures, err := p.Signer.Sign(ctx, manifests)
		if err != nil {
			return fmt.Errorf("sign: %w", err)
		}
		for i, one := range group {
			one.signature = signatures[i]
		}
		group, manifests = group[:0], manifests[:0]
		return nil
	}
	for i := range batch {
		if batch[i].adopted {
			continue
		}
		group = append(group, &batch[i])
		manifests = append(manifests, batch[i].manifest)
		if len(group) == groupSize {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

func (p *Presser) made(one *pressing) Made {
	return Made{
		Staged: one.row, TypeID: p.Target.TypeID, Template: p.Target.Template,
		Certificate: p.Certificate, Token: p.Target.Token, Size: one.size, Manifest: sha256.Sum256(one.manifest), Adopted: one.adopted,
	}
}

func (p *Presser) problem(row Staged, code, message, fix string) Problem {
	return Problem{Origin: Origin{Row: row.Row}, Serial: row.Serial, Code: code, Severity: Refused, Message: message, Fix: fix}
}
