package jobs

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
)

// ImageSlots are the images of a pass that rows can bring themselves, as Apple
// names their files.
var ImageSlots = []string{
	"icon", "logo", "primaryLogo", "secondaryLogo", "strip", "thumbnail", "background", "artwork", "footer", "personalizationLogo",
}

// SlotNamed returns the slot with a name, as Apple spells it, or "".
func SlotNamed(name string) string {
	i := slices.IndexFunc(ImageSlots, func(s string) bool { return FoldName(s) == FoldName(name) })
	if i < 0 {
		return ""
	}
	return ImageSlots[i]
}

// ImageScales is in how many sizes a pass may hold an image: for @1x, @2x, @3x.
const ImageScales = 3

// ImageFiles returns the names in a pass of the files of a slot, by scale.
func ImageFiles(slot string) [ImageScales]string {
	return [ImageScales]string{slot + ".png", slot + "@2x.png", slot + "@3x.png"}
}

// An Image is what a row's own image came to: a PNG file for each scale, nil
// where there is none. ID is a hash over the bytes that it was made of and
// whatever else decides the files, so equal ones have equal files.
type Image struct {
	ID    Hash
	Files [ImageScales][]byte
}

// Size returns how many bytes the files have together.
func (m *Image) Size() int {
	n := 0
	for _, f := range m.Files {
		n += len(f)
	}
	return n
}

// A WantedImage is an image that a row asks for.
type WantedImage struct {
	Slot string // one of ImageSlots
	Name string // what the cell says: a file, or a web address
}

// A FoundImage is what became of one. If a finding is refused, ID means nothing.
type FoundImage struct {
	ID       Hash
	Findings []Finding
}

// Images takes in the images of rows.
type Images interface {
	// Take finds what is wanted, makes what passes need of it and keeps that,
	// so that pressing asks for nothing but the ids. The answer is parallel to
	// wanted, which holds nothing twice. What is wrong with one image is a
	// finding of it; an error means that none can be taken.
	Take(ctx context.Context, wanted []WantedImage) ([]FoundImage, error)
}

// imageValue returns the value of an image field once the image was taken.
func imageValue(id Hash) Value { return Value{Text: hex.EncodeToString(id[:]), Present: true} }

// ImageID returns the id of the image that a value of a staged row stands for.
func ImageID(v Value) (id Hash, err error) {
	if n, err := hex.Decode(id[:], []byte(v.Text)); err != nil || n != len(id) {
		return id, errors.New("the value of an image is none: run the job again with --force")
	}
	return id, nil
}

// takeImages puts ids in the place of what the rows say of images, since a pass
// is made of an image's bytes and not of its name. Everything that is wrong with
// the images of a row is reported, also if the row is refused anyway.
func (im *Importer) takeImages(ctx context.Context, rows []candidate) error {
	var wanted []WantedImage
	places := make(map[WantedImage]int)
	fields := im.imageFields()
	for i := range rows {
		for _, f := range fields {
			w := im.wanted(&rows[i], f)
			if _, known := places[w]; !known && w.Name != "" {
				places[w] = len(wanted)
				wanted = append(wanted, w)
			}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	found, err := im.Images.Take(ctx, wanted)
	if err != nil {
		return err
	}
	for i := range rows {
		for _, f := range fields {
			if w := im.wanted(&rows[i], f); w.Name != "" {
				im.took(&rows[i], f, found[places[w]])
			}
		}
		rows[i].sortProblems()
	}
	return nil
}

func (im *Importer) imageFields() (fields []int) {
	for i := range im.Schema.Fields {
		if im.Schema.Fields[i].Type == TypeImage && im.Images != nil {
			fields = append(fields, i)
		}
	}
	return fields
}

func (im *Importer) wanted(c *candidate, field int) WantedImage {
	return WantedImage{Slot: im.Schema.Fields[field].Slot, Name: c.values[field].Text}
}

// took notes what became of an image that a row asked for.
func (im *Importer) took(c *candidate, field int, found FoundImage) {
	for _, f := range found.Findings {
		im.find(c, field, f)
	}
	c.values[field] = imageValue(found.ID)
}
