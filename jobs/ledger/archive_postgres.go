package ledger

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"passmill/jobs/connect"
)

// A postgresArchiver lets pg_dump and pg_restore work.
type postgresArchiver struct {
	db  *DB
	dsn string
}

func (a *postgresArchiver) dump(ctx context.Context, name string) error {
	program, err := a.program(ctx, "pg_dump")
	if err != nil {
		return err
	}
	_, err = a.run(ctx, nil, program, "--format=custom", "--no-owner", "--no-privileges", "--schema="+quoteName(a.db.schema), "--file="+name)
	return err
}

// quoteName writes the name of a schema as patterns of pg_dump take it.
func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// program finds one of PostgreSQL's programs that is not older than the server.
func (a *postgresArchiver) program(ctx context.Context, name string) (string, error) {
	var server int
	const version = `SELECT CURRENT_SETTING('server_version_num')::INT / 10000`
	if err := a.db.read.GetContext(ctx, &server, version); err != nil {
		return "", err
	}
	found := 0
	for _, path := range candidates(name) {
		major := majorOf(ctx, path)
		if major >= server {
			return path, nil
		}
		found = max(found, major)
	}
	if found > 0 {
		return "", fmt.Errorf("%s here is of version %d, and the server of %d: install postgresql-client-%d or newer", name, found, server, server)
	}
	return "", fmt.Errorf("this needs %s, which is not on this machine: install PostgreSQL's client programs (Debian: postgresql-client), of version %d or newer", name, server)
}

// programFolders is where Debian keeps every version of PostgreSQL's programs.
var programFolders = "/usr/lib/postgresql/*/bin"

// candidates returns where a program may be, in the order to try.
func candidates(name string) (list []string) {
	if path, err := exec.LookPath(name); err == nil {
		list = append(list, path)
	}
	found, _ := filepath.Glob(filepath.Join(programFolders, name)) // the pattern is right
	slices.SortFunc(found, func(a, b string) int { return -cmp.Compare(len(a), len(b)) })
	return append(list, found...)
}

var majorVersion = regexp.MustCompile(`\) (\d+)`)

// majorOf returns the version of a program, 0 if it has none.
func majorOf(ctx context.Context, program string) int {
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return 0
	}
	m := majorVersion.FindSubmatch(out)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(m[1])) // they are digits
	return n
}

// run runs a program with the ledger's address in its environment, where ps does
// not show a password, and returns what it writes, or lets w have it.
func (a *postgresArchiver) run(ctx context.Context, w io.Writer, program string, args ...string) ([]byte, error) {
	env, err := a.environment()
	if err != nil {
		return nil, err
	}
	var out, said bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &out, &said
	if w != nil {
		cmd.Stdout = w
	}
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(program), err, strings.TrimSpace(lastOf(said.String(), 2000)))
	}
	return out.Bytes(), nil
}

func lastOf(text string, n int) string { return text[max(0, len(text)-n):] }

// environment is ours with the address of the ledger as libpq's variables.
func (a *postgresArchiver) environment() ([]string, error) {
	cfg, err := connect.Postgres(a.dsn, settings)
	if err != nil {
		return nil, err
	}
	env := os.Environ()
	for name, value := range map[string]string{
		"PGHOST": cfg.Host, "PGPORT": strconv.Itoa(int(cfg.Port)), "PGUSER": cfg.User, "PGPASSWORD": cfg.Password, "PGDATABASE": cfg.Database,
		"PGSSLMODE": string(cfg.SSLMode), "PGSSLROOTCERT": cfg.SSLRootCert, "PGSSLCERT": cfg.SSLCert, "PGSSLKEY": cfg.SSLKey,
		"PGAPPNAME": cfg.ApplicationName,
	} {
		if value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env, nil
}

// dumpHead is how each file of pg_dump's own format begins.
const dumpHead = "PGDMP"

// inspect lets pg_restore read the whole file as SQL.
func (a *postgresArchiver) inspect(ctx context.Context, name string, w io.Writer) (info BackupInfo, err error) {
	head := make([]byte, len(dumpHead))
	file, err := os.Open(name)
	if err != nil {
		return info, err
	}
	defer file.Close()
	if _, err := io.ReadFull(file, head); err != nil || string(head) != dumpHead {
		return info, fmt.Errorf("%s: %w: it is no file of pg_dump", name, ErrNoBackup)
	}
	stat, err := file.Stat()
	if err != nil {
		return info, err
	}
	info.Size = stat.Size()
	program, err := a.program(ctx, "pg_restore")
	if err != nil {
		return info, err
	}
	reader, writer := io.Pipe()
	read := make(chan error, 1)
	go func() {
		err := readDump(reader, w, &info)
		reader.CloseWithError(err) // pg_restore stops
		read <- err
	}()
	_, err = a.run(ctx, writer, program, "--file=-", name)
	writer.CloseWithError(io.EOF)
	if readErr := <-read; readErr != nil {
		return info, fmt.Errorf("%s: %w", name, readErr)
	}
	if err != nil {
		return info, fmt.Errorf("%s: %w: %w", name, ErrNoBackup, err)
	}
	if info.Version == 0 {
		return info, fmt.Errorf("%s: %w: it is a dump of something else", name, ErrNoBackup)
	}
	return info, nil
}

var copyHead = regexp.MustCompile(`^COPY \S+\.(\w+) \(([^)]*)\) FROM stdin;`)

// readDump reads a dump as SQL: the version of its schema, and its keys. Bytes that
// the dump writes in hexadecimal go to w a second time, as they are.
func readDump(r io.Reader, w io.Writer, info *BackupInfo) error {
	lines := bufio.NewReaderSize(r, 1<<20)
	table, columns := "", []string(nil)
	var keys [][]byte
	for {
		line, err := lines.ReadBytes('\n')
		if _, err := w.Write(line); err != nil {
			return err
		}
		text := strings.TrimSuffix(string(line), "\n")
		m := copyHead.FindStringSubmatch(text)
		switch {
		case m != nil:
			table, columns = m[1], strings.Split(m[2], ", ")
		case text == `\.`:
			table = ""
		case table != "":
			if err := readRow(table, columns, strings.Split(text, "\t"), w, info, &keys); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			info.Keys, err = sealedKeys(keys)
			return err
		}
		if err != nil {
			return err
		}
	}
}

// readRow reads one row of a table.
func readRow(table string, columns, values []string, w io.Writer, info *BackupInfo, keys *[][]byte) error {
	for i, value := range values {
		column := columns[min(i, len(columns)-1)]
		if table == "goose_db_version" && column == "version_id" {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return err
			}
			info.Version = max(info.Version, n)
		}
		data, err := hex.DecodeString(strings.TrimPrefix(value, `\\x`))
		if !strings.HasPrefix(value, `\\x`) || err != nil {
			continue
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
		if table == "certificate_keys" && column == "sealed" {
			*keys = append(*keys, data)
		}
	}
	return nil
}
