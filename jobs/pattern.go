package jobs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// FolderThreshold is the number of rows above which a pattern without a folder
// gets one: directories of tens of thousands of files are slow to write and to
// look into.
const FolderThreshold = 10_000

// maxSerialInName bounds the escaped serial in a file name: file systems take
// 255 bytes, and temporary names and suffixes need room.
const maxSerialInName = 120

// A Pattern makes the file names of passes. It knows {serial} (escaped),
// {hash} (32 hexadecimal digits of the serial's SHA-256), {hash:2} (its first
// digits) and {row} (the number of the row), with "/" between folders.
type Pattern struct {
	parts  []string // literal text and, at odd places, what stood in braces
	Folder bool     // whether names lie in folders
}

var braces = regexp.MustCompile(`\{([^{}]*)\}`)

// ParsePattern reads a pattern and reports everything that is wrong with it.
func ParsePattern(text string) (*Pattern, error) {
	var errs []error
	p := &Pattern{Folder: strings.Contains(text, "/")}
	unique := false
	end := 0
	for _, m := range braces.FindAllStringSubmatchIndex(text, -1) {
		word := text[m[2]:m[3]]
		p.parts = append(p.parts, text[end:m[0]], word)
		end = m[1]
		unique = unique || word == "serial" || word == "hash" || word == "hash:32" || word == "row"
		if !knownWord(word) {
			errs = append(errs, fmt.Errorf("file name pattern %q: unknown {%s}; it knows {serial}, {hash}, {hash:2} and {row}", text, word))
		}
	}
	p.parts = append(p.parts, text[end:])
	if err := checkLiteral(text); err != nil {
		errs = append(errs, err)
	}
	if err := p.checkNeighbours(text); err != nil {
		errs = append(errs, err)
	}
	if !unique && len(errs) == 0 {
		errs = append(errs, fmt.Errorf("file name pattern %q gives every pass the same name; put {serial}, {hash} or {row} into it", text))
	}
	return p, errors.Join(errs...)
}

// checkNeighbours refuses {serial} and {row} with nothing but digits between
// them: serial number 11 in row 2 and 1 in row 12 would have one name.
func (p *Pattern) checkNeighbours(text string) error {
	last, between := "", ""
	for i, part := range p.parts {
		switch {
		case i%2 == 0:
			between += part
		case part == "serial" || part == "row":
			if last != "" && last != part && strings.Trim(between, "0123456789") == "" {
				return fmt.Errorf("file name pattern %q: put a character that is no digit between {serial} and {row}, as in {serial}-{row}", text)
			}
			last, between = part, ""
		}
	}
	return nil
}

func knownWord(word string) bool {
	if digits, ok := strings.CutPrefix(word, "hash:"); ok {
		n, err := strconv.Atoi(digits)
		return err == nil && n >= 1 && n <= 32
	}
	return word == "serial" || word == "hash" || word == "row"
}

// checkLiteral refuses what could lead out of the sink or does not exist on
// some file system.
func checkLiteral(text string) error {
	bare := braces.ReplaceAllString(text, "x")
	if !strings.HasSuffix(bare, ".pkpass") {
		return fmt.Errorf("file name pattern %q: names must end in .pkpass, or no phone and no mail program knows what they are", text)
	}
	for folder := range strings.SplitSeq(bare, "/") {
		if folder == "" || strings.HasPrefix(folder, ".") || strings.HasSuffix(folder, ".") || strings.TrimSpace(folder) != folder {
			return fmt.Errorf("file name pattern %q: a folder or name is empty, or begins or ends with a full stop or a blank", text)
		}
		if reserved.MatchString(folder) {
			return fmt.Errorf("file name pattern %q: %q is a device on Windows, and no name for a file or folder", text, folder)
		}
	}
	if i := strings.IndexFunc(bare, func(r rune) bool { return r < ' ' || strings.ContainsRune(`\:*?"<>|{}`, r) }); i >= 0 {
		return fmt.Errorf("file name pattern %q: the character %q can't be in file names everywhere", text, bare[i])
	}
	return nil
}

// Name returns the name of a pass. With folder, a pattern without a folder gets
// {hash:2}/ in front.
func (p *Pattern) Name(serial string, row int, folder bool) string {
	var b strings.Builder
	if folder && !p.Folder {
		b.WriteString(serialHash(serial)[:2] + "/")
	}
	for i, part := range p.parts {
		digits, cut := strings.CutPrefix(part, "hash:")
		switch {
		case i%2 == 0:
			b.WriteString(part)
		case part == "serial":
			b.WriteString(escapeSerial(serial))
		case part == "row":
			b.WriteString(strconv.Itoa(row))
		case cut:
			n, _ := strconv.Atoi(digits) // ParsePattern has checked it
			b.WriteString(serialHash(serial)[:n])
		default:
			b.WriteString(serialHash(serial))
		}
	}
	return b.String()
}

func serialHash(serial string) string {
	sum := sha256.Sum256([]byte(serial))
	return hex.EncodeToString(sum[:16])
}

// reserved are the device names of Windows, which are no files with any suffix.
var reserved = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`)

// escapeSerial returns the serial as a part of a file name. ASCII letters,
// digits, "-", "_" and inner full stops stand for themselves, each other byte
// becomes "=" and two hexadecimal digits, and what would be too long ends in a
// hash. Different serials give different names; those that differ only in
// letters' case differ only so, and an import refuses them.
func escapeSerial(serial string) string {
	var b strings.Builder
	device := reserved.MatchString(serial)
	for i := range len(serial) {
		c := serial[i]
		edge := i == 0 || i == len(serial)-1
		switch {
		case i == 0 && device, c == '.' && edge:
			fmt.Fprintf(&b, "=%02X", c)
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	name := b.String()
	if len(name) > maxSerialInName {
		name = name[:maxSerialInName-33] + "~" + serialHash(serial) // "~" is never in an escaped serial
	}
	return name
}
