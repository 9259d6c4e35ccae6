package picture

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/png"

	"golang.org/x/image/draw"

	"passmill/jobs"
)

// version is part of each image's id: it rises when the same bytes are to become
// other files, and with it every pass with an image of its own is made again.
const version = 1

// maxOutput bounds each file that is made, in bytes. A larger one is left out,
// and phones take the next smaller scale.
const maxOutput = 2 << 20

// idOf returns the id of the image that bytes with a sum become in a slot.
func idOf(slot string, sum [sha256.Size]byte) jobs.Hash {
	h := sha256.New()
	fmt.Fprintf(h, "passmill image %d %s\n", version, slot)
	h.Write(sum[:])
	return jobs.Hash(h.Sum(nil)[:len(jobs.Hash{})])
}

// Prepare makes the files of a slot from the bytes of an image, and says what is
// wrong or odd with it. Equal bytes give equal files. After a refused finding
// there are none.
func Prepare(data []byte, slot string) (jobs.Image, []jobs.Finding) {
	made := jobs.Image{ID: idOf(slot, sha256.Sum256(data))}
	f, size, problem := look(data)
	if problem != nil {
		return made, []jobs.Finding{*problem}
	}
	defer space.take(weight(f, data, size))()
	src, problem := decode(f, data)
	if problem != nil {
		return made, []jobs.Finding{*problem}
	}
	lies := upright
	if f.name == "jpeg" {
		lies = orientationOf(data)
	}
	small := scaled(src, shapes[slot], lies)
	for i, img := range small {
		file, err := encode(img)
		if err != nil { // to memory: there is no reason
			return made, []jobs.Finding{*damaged()}
		}
		if len(file) <= maxOutput {
			made.Files[i] = file
		}
	}
	return made, tooSmall(src.Bounds().Size(), shapes[slot], lies)
}

// tooSmall says so if an image can't be sharp on any phone of today.
func tooSmall(size image.Point, s shape, lies orientation) []jobs.Finding {
	if lies.turned() {
		size.X, size.Y = size.Y, size.X
	}
	part := s.cut(size.X, size.Y).Size()
	need, enlarged := s.size(part, 2)
	if !enlarged {
		return nil
	}
	return []jobs.Finding{{
		Code: codeSmall, Severity: jobs.LooksWrong,
		Message: fmt.Sprintf("has %d×%d pixels, and looks blurred", size.X, size.Y),
		Fix:     fmt.Sprintf("take one that has at least %d×%d where it is shown, better half as many again", need.X, need.Y),
	}}
}

// scaled returns the image in all sizes that are made of it, from @1x. The
// largest is made from the source and the others from that.
func scaled(src image.Image, s shape, lies orientation) []*image.RGBA {
	size := src.Bounds().Size()
	if lies.turned() {
		size.X, size.Y = size.Y, size.X
	}
	part := s.cut(size.X, size.Y)
	sizes := s.scales(part.Size())
	if lies.turned() { // what is cut off is equal on both sides, so it may lie down again
		part = image.Rect(part.Min.Y, part.Min.X, part.Max.Y, part.Max.X)
	}
	made := make([]*image.RGBA, len(sizes))
	from, area := src, part.Add(src.Bounds().Min)
	for i := len(sizes) - 1; i >= 0; i-- {
		size := sizes[i]
		if lies.turned() {
			size.X, size.Y = size.Y, size.X
		}
		img := image.NewRGBA(image.Rectangle{Max: size})
		draw.CatmullRom.Scale(img, img.Bounds(), from, area, draw.Src, nil)
		made[i] = lies.turn(img)
		from, area = img, img.Bounds()
	}
	return made
}

func encode(img image.Image) ([]byte, error) {
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}
