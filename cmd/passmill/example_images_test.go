package main

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passmill/render"
)

// follow copies an example's folder, goes there and does what its README says:
// lines that begin with "$ ". What follows one is what it prints.
func follow(t *testing.T, dir string) {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	there := filepath.Join(t.TempDir(), "example")
	if err := os.CopyFS(there, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(there)
	t.Setenv("PASSMILL_DATABASE", "")
	said, commands := "", 0
	for line := range strings.Lines(string(readme)) {
		text, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "    ")
		if !ok {
			continue
		}
		if command, ok := strings.CutPrefix(text, "$ "); ok {
			said = obey(t, strings.Fields(command))
			commands++
		} else if commands > 0 && !strings.Contains(said, text+"\n") {
			t.Errorf("the README says that this is printed: %s\ngot:\n%s", text, said)
		}
	}
	if commands == 0 {
		t.Fatal("the README has no commands")
	}
}

// demonstrated says that a demo has been made under the race detector: its thousand
// passes take five times as long there, and the next example gets it from the program.
var demonstrated bool

// obey runs one command of a README and returns what it printed.
func obey(t *testing.T, args []string) string {
	t.Helper()
	var out bytes.Buffer
	switch {
	case args[0] == "passmill" && args[1] == "demo" && demonstrated:
		name, err := binary()
		if err != nil {
			t.Fatal(err)
		}
		if text, err := exec.Command(name, args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, text)
		} else {
			out.Write(text)
		}
	case args[0] == "passmill":
		demonstrated = demonstrated || args[1] == "demo"
		if code := run(t.Context(), args[1:], &out, &out); code != exitDone && code != exitPartly {
			t.Fatalf("%v: exit status %d\n%s", args, code, out.String())
		}
	case args[0] == "cp" && len(args) == 3:
		data, err := os.ReadFile(args[1])
		if err == nil {
			err = os.WriteFile(args[2], data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	case args[0] == "rm" && len(args) == 2:
		if err := os.Remove(args[1]); err != nil {
			t.Fatal(err)
		}
	default:
		t.Fatalf("the README asks for %v, which this test can't do", args)
	}
	return out.String()
}

// passFiles returns the files of a pass.
func passFiles(t *testing.T, name string) map[string][]byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	files, err := unpack(data)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestExampleImages does what the example says, and looks at what it says of each
// photo.
func TestExampleImages(t *testing.T) {
	follow(t, "../../docs/examples/images")
	for serial, want := range map[string]string{"R-101": "135x180", "R-102": "135x180", "R-103": "180x120"} {
		file := passFiles(t, "out/"+serial+".pkpass")["thumbnail@2x.png"]
		if got := sizeOf(t, bytes.NewReader(file)); got != want {
			t.Errorf("%s: thumbnail@2x.png has %s pixels, want %s", serial, got, want)
		}
	}
	shared, err := os.ReadFile("card/thumbnail@2x.png")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(passFiles(t, "out/R-104.pkpass")["thumbnail@2x.png"], shared) {
		t.Error("the card without a photo does not show the template's")
	}
}

func sizeOf(t *testing.T, r io.Reader) string {
	t.Helper()
	config, err := png.DecodeConfig(r)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%dx%d", config.Width, config.Height)
}

// TestExampleLanguages does what the example says, and looks at the strings.
func TestExampleLanguages(t *testing.T) {
	follow(t, "../../docs/examples/languages")
	const labels = "Worth=Wert|For you=Für dich|Room=Zimmer"
	for serial, want := range map[string]map[string]string{
		"V1": {"de": labels + "|Welcome back!=Schön, dass du wieder da bist!|Garden room=Gartenzimmer", "ja": "Welcome back!=おかえりなさい!"},
		"V2": {"de": labels + "|Enjoy your stay!=Genieß deinen Aufenthalt!"},
		"V3": {"de": labels},
	} {
		want["en"] = "Worth=Worth|For you=For you|Room=Room"
		got := map[string]string{}
		for name, data := range passFiles(t, "out/"+serial+".pkpass") {
			language, ok := strings.CutSuffix(name, ".lproj/pass.strings")
			if !ok {
				continue
			}
			entries, err := render.ParseStrings(name, data)
			if err != nil {
				t.Fatal(err)
			}
			var list []string
			for _, e := range entries {
				list = append(list, e.Key+"="+e.Value)
			}
			got[language] = strings.Join(list, "|")
			wide := bytes.HasPrefix(data, []byte("\xff\xfe"))
			if wide != (language != "en") {
				t.Errorf("%s: %s is UTF-16: %v", serial, name, wide)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", serial, diff)
		}
	}
}
