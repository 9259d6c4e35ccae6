package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"

	"passmill/jobs"
)

// MaxPixels bounds what is decoded, whatever the size of the file: a few
// kilobytes can claim to be as large as a house.
const MaxPixels = 20 << 20

// MaxSide bounds the longer side. What scaling takes grows with each side alone:
// an image of one row and MaxPixels columns would take gigabytes.
const MaxSide = 1 << 15

// A format is a kind of image that is decoded here. Only those of the standard
// library are: each one more widens what a hostile file can reach.
type format struct {
	name   string
	config func(data []byte) (image.Config, error)
	decode func(data []byte) (image.Image, error)
}

var formats = []struct {
	magic string
	format
}{
	{"\x89PNG\r\n\x1a\n", format{"png",
		func(data []byte) (image.Config, error) { return png.DecodeConfig(bytes.NewReader(data)) },
		func(data []byte) (image.Image, error) { return png.Decode(bytes.NewReader(data)) }}},
	{"\xff\xd8\xff", format{"jpeg",
		func(data []byte) (image.Config, error) { return jpeg.DecodeConfig(bytes.NewReader(data)) },
		func(data []byte) (image.Image, error) { return jpeg.Decode(bytes.NewReader(data)) }}},
	{"GIF8", format{"gif",
		func(data []byte) (image.Config, error) { return gif.DecodeConfig(bytes.NewReader(data)) },
		func(data []byte) (image.Image, error) { return gif.Decode(bytes.NewReader(data)) }}},
}

// formatOf tells by its content what a file is.
func formatOf(data []byte) (format, *jobs.Finding) {
	for _, f := range formats {
		if bytes.HasPrefix(data, []byte(f.magic)) {
			return f.format, nil
		}
	}
	const fix = "save it as PNG or JPEG"
	if kind := foreign(data); kind != "" {
		return format{}, refused(codeType, "is "+kind+", which can't be used here", fix)
	}
	return format{}, refused(codeType, "is no image", fix)
}

// foreign names what people take for an image that can be used.
func foreign(data []byte) string {
	head := string(data[:min(len(data), 512)])
	brand := ""
	if len(head) >= 12 && head[4:8] == "ftyp" {
		brand = head[8:12]
	}
	text := strings.ToLower(strings.TrimLeft(head, "\ufeff \t\r\n"))
	switch {
	case brand == "avif" || brand == "avis":
		return "an AVIF image"
	case brand != "":
		return "a HEIC photo or a video"
	case strings.HasPrefix(head, "RIFF") && strings.HasPrefix(head[min(8, len(head)):], "WEBP"):
		return "a WebP image"
	case strings.HasPrefix(head, "BM"):
		return "a BMP image"
	case strings.HasPrefix(head, "II*\x00") || strings.HasPrefix(head, "MM\x00*"):
		return "a TIFF image"
	case strings.HasPrefix(head, "%PDF"):
		return "a PDF file"
	case strings.HasPrefix(text, "<svg") || strings.HasPrefix(text, "<?xml") && strings.Contains(text, "<svg"):
		return "an SVG drawing"
	case strings.HasPrefix(text, "<"):
		return "a web page"
	}
	return ""
}

// look returns what a file says of itself, before memory is taken for it.
func look(data []byte) (f format, size image.Point, problem *jobs.Finding) {
	f, problem = formatOf(data)
	if problem != nil {
		return f, size, problem
	}
	config, err := guarded(func() (image.Config, error) { return f.config(data) })
	switch {
	case err != nil || config.Width < 1 || config.Height < 1:
		return f, size, damaged()
	case config.Width > MaxPixels/config.Height:
		return f, size, refused(codePixels, fmt.Sprintf("has %d×%d pixels, but at most %d million are allowed", config.Width, config.Height, MaxPixels>>20), "make it smaller")
	case max(config.Width, config.Height) > MaxSide:
		return f, size, refused(codePixels, fmt.Sprintf("has %d×%d pixels, but at most %d are allowed on a side", config.Width, config.Height, MaxSide), "cut off what is not to be shown")
	}
	return f, image.Pt(config.Width, config.Height), nil
}

func damaged() *jobs.Finding {
	return refused(codeDamaged, "is damaged, or was cut off", "save it again, or export it from the program that made it")
}

// decode decodes a file that was looked at.
func decode(f format, data []byte) (image.Image, *jobs.Finding) {
	img, err := guarded(func() (image.Image, error) { return f.decode(data) })
	if err != nil || img.Bounds().Empty() || img.Bounds().Dx() > MaxPixels/img.Bounds().Dy() || max(img.Bounds().Dx(), img.Bounds().Dy()) > MaxSide {
		return nil, damaged()
	}
	return img, nil
}

// guarded makes an error of a decoder's panic: what it reads comes from
// strangers.
func guarded[T any](do func() (T, error)) (v T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the decoder gave up: %v", r)
		}
	}()
	return do()
}
