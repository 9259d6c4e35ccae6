package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFullDisk runs a job on a small disk that is full after so many KiB more,
// which hits the ledger's creation, the import, the passes and the bundles: each
// time there is one clear message, and after space is freed the same command
// goes on and everything is whole.
func TestFullDisk(t *testing.T) {
	for _, room := range []int{40, 300, 700, 2500, 6000, 9000, 16000} {
		t.Run(fmt.Sprintf("%d KiB", room), func(t *testing.T) { fillDisk(t, room) })
	}
}

// fullDisk runs in a mount namespace of its own, so that the small disk goes
// with it. The job's files are copied onto the disk, then it is filled up.
const fullDisk = `
set -eu
mkdir disk
mount -t tmpfs -o size=64m tmpfs disk
cp members.yaml members.csv pass.p12 password.txt disk/
free=$(df --output=avail -k disk | tail -n 1)
dd if=/dev/zero of=disk/filler bs=1k count=$((free - ROOM)) status=none
cd disk
echo "--- full"
status=0; "$PASSMILL" make members.yaml >../stdout 2>&1 || status=$?
cat ../stdout; echo "status $status"
rm filler
echo "--- freed"
"$PASSMILL" make members.yaml --json
"$PASSMILL" fsck --root ../root.pem members.yaml
`

func fillDisk(t *testing.T, room int) {
	s := newSandbox(t, 300, "")
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	s.write("full.sh", fullDisk)
	unshare := []string{"--mount", "--map-root-user", "sh", "full.sh"}
	if os.Geteuid() == 0 {
		unshare = []string{"--mount", "sh", "full.sh"}
	}
	cmd := exec.Command("unshare", unshare...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "PASSMILL="+filepath.ToSlash(program), fmt.Sprintf("ROOM=%d", room), "PASSMILL_DATABASE=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	full, freed, _ := strings.Cut(string(out), "--- freed")
	if !strings.Contains(full, "status 1") || strings.Count(full, "the disk is full: free some space") != 1 {
		t.Errorf("want one clear message and status 1:\n%s", full)
	}
	if !strings.Contains(freed, `"refused":0`) || !strings.Contains(freed, " 0 to mend") {
		t.Errorf("after space was freed:\n%s", freed)
	}
}
