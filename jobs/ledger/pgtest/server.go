//go:build unix

package pgtest

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// A server is a running PostgreSQL with a data folder of its own.
type server struct {
	url    string
	folder string
	cmd    *exec.Cmd
	alive  io.Closer // the server stops when this is closed, or this process ends
}

// script runs the server until its standard input ends, which it does however
// this process ends.
const script = `
"$@" >log 2>&1 </dev/null &
pid=$!
cat >/dev/null
kill -INT $pid
wait $pid
cd / && rm -rf "$FOLDER"`

func start() (*server, error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	attr, owner, err := unprivileged()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "passmill-pg-")
	if err != nil {
		return nil, err
	}
	if owner != nil {
		if err := os.Chown(folder, int(owner.Uid), int(owner.Gid)); err != nil {
			return nil, err
		}
	}
	s := &server{folder: folder}
	if err := s.run(programs, attr); err != nil {
		return nil, errors.Join(err, s.stop(), os.RemoveAll(folder))
	}
	return s, nil
}

func (s *server) run(programs string, attr *syscall.SysProcAttr) error {
	data := filepath.Join(s.folder, "data")
	initdb := exec.Command(filepath.Join(programs, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = s.folder, attr
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	s.url = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
	s.cmd = exec.Command("/bin/sh", "-c", script, "sh", filepath.Join(programs, "postgres"), "-D", data, "-k", s.folder,
		"-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200")
	s.cmd.Dir, s.cmd.SysProcAttr = s.folder, attr
	s.cmd.Env = append(os.Environ(), "FOLDER="+s.folder)
	if s.alive, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	return s.wait()
}

// wait waits until the server answers.
func (s *server) wait() error {
	db, err := sql.Open("postgres", s.url)
	if err != nil {
		return err
	}
	defer db.Close()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		err := db.Ping()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(s.folder, "log"))
			return fmt.Errorf("PostgreSQL did not start: %w\n%s", err, log)
		}
	}
}

func (s *server) stop() error {
	if s.cmd == nil || s.cmd.Process == nil {
		return nil
	}
	s.alive.Close()
	return s.cmd.Wait()
}

// findPrograms returns the folder with initdb and postgres: Debian keeps them
// out of the PATH.
func findPrograms() (string, error) {
	folders, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	for i := len(folders) - 1; i >= 0; i-- {
		if _, err := os.Stat(filepath.Join(folders[i], "initdb")); err == nil {
			return folders[i], nil
		}
	}
	path, err := exec.LookPath("postgres")
	if err != nil {
		return "", errors.New("no PostgreSQL server found, neither in /usr/lib/postgresql nor in PATH")
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", err
	}
	return filepath.Dir(path), nil
}

// unprivileged returns as whom to run the server, which refuses to be root's.
func unprivileged() (*syscall.SysProcAttr, *syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, nil, err
		}
		owner := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return &syscall.SysProcAttr{Credential: owner}, owner, nil
	}
	return nil, nil, errors.New("PostgreSQL can't run as root, and there is neither a user postgres nor nobody")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
