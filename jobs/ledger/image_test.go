package ledger_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passmill/jobs"
)

// picture returns an image without the scale @2x.
func picture(name string) jobs.Image {
	return jobs.Image{ID: hash(name), Files: [jobs.ImageScales][]byte{[]byte(name), nil, []byte("@3x")}}
}

// TestImages checks that images are kept once, as they came first.
func TestImages(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		ctx, db := t.Context(), open(t, dsn)
		a, b := picture("a"), picture("b")
		must(t, db.SaveImages(ctx, []jobs.Image{a}))
		other := a
		other.Files[1] = []byte("made by a later version")
		must(t, db.SaveImages(ctx, []jobs.Image{other, b, b}))
		must(t, db.SaveImages(ctx, nil))
		for _, want := range []jobs.Image{a, b} {
			got, err := db.Image(ctx, want.ID)
			must(t, err)
			if diff := cmp.Diff(&want, got); diff != "" {
				t.Errorf("image %s (-want +got):\n%s", want.Files[0], diff)
			}
		}
		if _, err := db.Image(ctx, hash("c")); !errors.Is(err, jobs.ErrNotFound) {
			t.Errorf("an unknown image: got error %v", err)
		}
		lacking, err := db.LackingImages(ctx, []jobs.Hash{hash("c"), a.ID, hash("d"), b.ID})
		must(t, err)
		if !slices.Equal(lacking, []jobs.Hash{hash("c"), hash("d")}) {
			t.Errorf("%x are said to lack, want those of c and d", lacking)
		}
		if lacking, err = db.LackingImages(ctx, nil); err != nil || len(lacking) > 0 {
			t.Errorf("of no ids %x lack (%v)", lacking, err)
		}
	})
}

// TestManyImages checks lists that take several statements, and files of the
// largest size.
func TestManyImages(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		ctx, db := t.Context(), open(t, dsn)
		var images []jobs.Image
		var ids []jobs.Hash
		for i := range 700 {
			images = append(images, picture(string(rune('a'+i))))
			ids = append(ids, images[i].ID)
		}
		images[699].Files[2] = bytes.Repeat([]byte("x"), 2<<20)
		must(t, db.SaveImages(ctx, images[:350]))
		lacking, err := db.LackingImages(ctx, ids)
		must(t, err)
		if !slices.Equal(lacking, ids[350:]) {
			t.Errorf("%d of 700 lack, want the last 350", len(lacking))
		}
		must(t, db.SaveImages(ctx, images))
		got, err := db.Image(ctx, ids[699])
		must(t, err)
		if len(got.Files[2]) != 2<<20 {
			t.Errorf("the large file has %d bytes", len(got.Files[2]))
		}
	})
}
