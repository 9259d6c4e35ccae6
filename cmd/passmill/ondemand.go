package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/jobs/picture"
	"passmill/sign"
	"passmill/sign/keyring"
)

// recipeTime is how long a job's definition and certificate are used before they are
// looked at again: what is changed takes effect within it.
const recipeTime = time.Minute

// An onDemand presses passes out of the ledger when somebody asks for them, as what
// they are at that moment: with no file of the user's, save for certificates that lie
// in files. It is safe for concurrent use, and keeps no passes.
type onDemand struct {
	db     *ledger.DB
	space  workspace
	images *picture.Cache

	mu      sync.Mutex // guards recipes
	recipes map[recipeKey]*recipe

	// Of its own, since opening a certificate may take seconds, and each request of a
	// phone needs these keys first.
	keysMu  sync.Mutex // guards all below
	masters *keyring.Masters
	links   *linker // nil until one is asked for
}

// A recipeKey names a recipe: jobs of the classic tables make passes of one type as
// all do, but a job may have made others before.
type recipeKey struct{ job, typeID string }

// A pressedPass is a pass as it is at one change number.
type pressedPass struct {
	ledger.Content
	Data        []byte
	Certificate string // id of the one that signed
}

func newOnDemand(db *ledger.DB, space workspace) *onDemand {
	return &onDemand{db: db, space: space, images: picture.NewCache(imageMemory, db.Image), recipes: map[recipeKey]*recipe{}}
}

// Press presses the pass of a type with a serial number, or returns
// [jobs.ErrNotFound].
func (o *onDemand) Press(ctx context.Context, typeID, serial string) (pressedPass, error) {
	content, err := o.db.Content(ctx, typeID, serial)
	if err != nil {
		return pressedPass{}, err
	}
	data, id, err := o.press(ctx, typeID, content)
	if err != nil {
		return pressedPass{}, fmt.Errorf("press a pass of job %q: %w", content.Job, err)
	}
	return pressedPass{Content: content, Data: data, Certificate: id.Certificate().ID}, nil
}

func (o *onDemand) press(ctx context.Context, typeID string, c ledger.Content) ([]byte, *sign.Identity, error) {
	r, err := o.recipe(ctx, c.Job, typeID)
	if err != nil {
		return nil, nil, err
	}
	kit, err := r.kit(ctx, o, c)
	if err != nil {
		return nil, nil, err
	}
	token, err := o.token(ctx, typeID, c)
	if err != nil {
		return nil, nil, err
	}
	data, err := kit.press(ctx, c.Row, token)
	return data, r.work.identity, err
}

// identity returns the certificate with which passes of a type are signed and their
// pushes sent.
func (o *onDemand) identity(ctx context.Context, typeID string) (*sign.Identity, error) {
	last, err := o.db.RecipeOf(ctx, typeID)
	if err != nil {
		return nil, err
	}
	r, err := o.recipe(ctx, last.Job, typeID)
	if err != nil {
		return nil, err
	}
	return r.work.identity, nil
}

// recipe returns what a job was run with last, with its certificate open.
func (o *onDemand) recipe(ctx context.Context, job, typeID string) (*recipe, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := recipeKey{job, typeID}
	if r := o.recipes[key]; r != nil && time.Since(r.at) < recipeTime {
		return r, nil
	}
	stored, err := o.db.Recipe(ctx, job)
	if err != nil {
		return nil, err
	}
	r, err := openRecipe(ctx, o.space, stored, typeID)
	if err != nil {
		return nil, err
	}
	if old := o.recipes[key]; old != nil && old.same(r) { // what was compiled is good still
		old.at = r.at
		return old, nil
	}
	o.recipes[key] = r
	return r, nil
}

// token returns the token of a pass; "" if it has none.
func (o *onDemand) token(ctx context.Context, typeID string, c ledger.Content) (string, error) {
	if c.Token == 0 {
		return "", nil
	}
	masters, err := o.openMasters(ctx, c.Token)
	if err != nil {
		return "", err
	}
	return masters.Token(c.Token, typeID, c.Row.Serial)
}

// openMasters returns the master keys, among them the one of a version.
func (o *onDemand) openMasters(ctx context.Context, version int) (*keyring.Masters, error) {
	o.keysMu.Lock()
	defer o.keysMu.Unlock()
	if o.masters == nil || o.masters.Newest() < version {
		m, err := newRing(ctx, o.db, o.space).Masters(ctx, o.db)
		if err != nil {
			return nil, err
		}
		o.masters = m
	}
	return o.masters, nil
}

// Token returns the authentication token of a pass that was made with the master key
// of a version.
func (o *onDemand) Token(ctx context.Context, version int, typeID, serial string) (string, error) {
	return o.token(ctx, typeID, ledger.Content{Token: version, Row: jobs.Staged{Serial: serial}})
}
