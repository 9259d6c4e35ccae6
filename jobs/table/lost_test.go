//go:build unix

package table_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"passmill/jobs/ledger/pgtest"
	"passmill/jobs/table"
)

// A cutter stands before a server and ends connections in the middle of an
// answer.
type cutter struct {
	listener net.Listener
	server   string
	after    atomic.Int64 // bytes of answers until the next cut; less than 0: no cut
	cuts     atomic.Int64
}

// newCutter returns a cutter for the server of dsn, and the URL through it.
func newCutter(t *testing.T, dsn string) (*cutter, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	must(t, err)
	c := &cutter{server: u.Host}
	c.after.Store(-1)
	c.listener, err = net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { c.listener.Close() })
	go c.serve()
	u.Host = c.listener.Addr().String()
	return c, u.String()
}

func (c *cutter) serve() {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", c.server)
		if err != nil {
			client.Close()
			continue
		}
		go func() {
			io.Copy(server, client) //nolint:errcheck // either side may be gone
			server.Close()
		}()
		go c.answer(client, server)
	}
}

// answer copies what the server says, up to the byte where it is to be cut.
func (c *cutter) answer(client, server net.Conn) {
	defer client.Close()
	defer server.Close()
	buffer := make([]byte, 4096)
	for {
		n, err := server.Read(buffer)
		if left := c.after.Add(-int64(n)); left < 0 && left >= -int64(n) {
			client.Write(buffer[:n+int(left)]) //nolint:errcheck // as above
			c.cuts.Add(1)
			c.after.Store(-1 << 40) // once
			return
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
		if err != nil {
			return
		}
	}
}

// TestCutAnswers cuts the connection 200 times at places of all kinds: in the
// greeting, between and within rows, before the last word. Each reading must
// give every row once and in order. The places are the same each time.
func TestCutAnswers(t *testing.T) {
	const rows, cuts = 400, 200
	dsn := pgtest.Start(t)
	// Keys that are equal to the server and not as text, some of them twice.
	run(t, dsn, `CREATE TABLE m (id NUMERIC, name TEXT)`,
		fmt.Sprintf(`INSERT INTO m SELECT CASE WHEN n %% 10 = 0 THEN (n - 1)::numeric(10, 2) ELSE n END, REPEAT('x', n %% 50) || n FROM GENERATE_SERIES(1, %d) AS n`, rows))
	c, through := newCutter(t, dsn)
	want, err := drain(t.Context(), openQuery(t, table.QueryOptions{Database: dsn, SQL: "SELECT name, id FROM m", Key: "id"}))
	must(t, err)
	if len(want) != rows {
		t.Fatalf("%d rows, want %d", len(want), rows)
	}
	through = through + "&application_name=cut"
	o := table.QueryOptions{Database: through, SQL: "SELECT name, id FROM m", Key: "id"}
	const plenty = 1 << 30
	c.after.Store(plenty)
	_, err = readAll(t, o)
	must(t, err)
	size := plenty - c.after.Load()
	random := rand.New(rand.NewPCG(3, 2026))
	for range cuts {
		before, at := c.cuts.Load(), random.Int64N(size)
		c.after.Store(at)
		got, err := readAll(t, o)
		if err != nil {
			t.Errorf("cut at byte %d: %v", at, err)
		}
		if !same(got, want) {
			t.Errorf("cut at byte %d: %d rows, %d of them different ones; want %d", at, len(got), len(unique(got)), rows)
		}
		if c.cuts.Load() == before {
			t.Errorf("byte %d of %d was never sent: the test proves nothing", at, size)
		}
	}
	t.Logf("%d cuts in answers of %d bytes", c.cuts.Load(), size)
}

// readAll opens a query, reads it and closes it.
func readAll(t *testing.T, o table.QueryOptions) ([]string, error) {
	t.Helper()
	q, err := table.OpenQuery(t.Context(), o)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	return drain(t.Context(), q)
}

// same compares names of rows, those of one key in any order.
func same(got, want []string) bool {
	return len(got) == len(want) && slices.Equal(unique(got), unique(want)) && inOrder(got)
}

func unique(names []string) []string {
	sorted := slices.Sorted(slices.Values(names))
	return slices.Compact(sorted)
}

// inOrder reports whether the numbers at the end of names rise; a tenth has the
// key of the one before it.
func inOrder(names []string) bool {
	last := 0
	for _, name := range names {
		var n int
		if _, err := fmt.Sscan(strings.TrimLeft(name, "x"), &n); err != nil {
			return false
		}
		if n%10 == 0 {
			n--
		}
		if n < last {
			return false
		}
		last = n
	}
	return true
}

// TestConnectionsEnded has the server end the connection while rows are read.
func TestConnectionsEnded(t *testing.T) {
	const rows = 20_000
	dsn := pgtest.Start(t)
	killer := raw(t, dsn)
	q := openQuery(t, table.QueryOptions{
		Database: dsn + "&application_name=ended", SQL: fmt.Sprintf("SELECT n AS id, REPEAT('x', 5000) AS name FROM GENERATE_SERIES(1, %d) AS n", rows), Key: "id",
	})
	read, killed := 0, 0
	for row, err := range q.Rows(t.Context()) {
		must(t, err)
		if read++; row.Cells[0].Text != fmt.Sprint(read) || row.Origin.Row != read {
			t.Fatalf("row %d is row %d, and has the key %s", read, row.Origin.Row, row.Cells[0].Text)
		}
		if read%4000 == 1 {
			var n int
			must(t, killer.QueryRow(`SELECT COUNT(PG_TERMINATE_BACKEND(pid)) FROM pg_stat_activity WHERE application_name = 'ended'`).Scan(&n))
			killed += n
		}
	}
	if read != rows || killed < 4 {
		t.Errorf("%d rows, want %d; %d connections were ended", read, rows, killed)
	}
}

// TestServerGone: a server that does not come back ends the reading with an
// error that says so, and not as if there were no more rows.
func TestServerGone(t *testing.T) {
	defer table.SetPatience(300 * time.Millisecond)()
	dsn := pgtest.Start(t)
	c, through := newCutter(t, dsn)
	q := openQuery(t, table.QueryOptions{Database: through, SQL: "SELECT n AS id FROM GENERATE_SERIES(1, 1000) AS n", Key: "id"})
	c.listener.Close()
	c.after.Store(4000)
	got, err := drain(t.Context(), q)
	if err == nil || !strings.Contains(err.Error(), "seconds of trying did not change that") || len(got) == 0 || len(got) == 1000 {
		t.Errorf("%d rows, error %v", len(got), err)
	}
}

// TestCutPages cuts the connection while the classic tables are read and marked:
// every pass comes once, and in the end all are marked.
func TestCutPages(t *testing.T) {
	const passes, cuts = 600, 40
	dsn := pgtest.Start(t)
	create(t, dsn, 0)
	series := fmt.Sprintf(`FROM GENERATE_SERIES(1, %d) AS n`, passes)
	run(t, dsn, `INSERT INTO pass_job (pass_type_identifier, serial_number) SELECT '`+typeID+`', n `+series,
		`INSERT INTO pass_job_field SELECT '`+typeID+`', n, 'N', n `+series,
		`INSERT INTO pass_job_dictionary (pass_type_identifier, serial_number, section, position, key, value) SELECT '`+typeID+`', n, 'backFields', 1, 'k', n `+series)
	c, through := newCutter(t, dsn)
	const plenty = 1 << 30
	size := int64(plenty)
	random := rand.New(rand.NewPCG(4, 2026))
	for i := range cuts + 1 { // the first is not cut: it tells how much there is
		run(t, dsn, `UPDATE pass_job SET completed = FALSE`)
		at := random.Int64N(size)
		if i == 0 {
			at = plenty
		}
		c.after.Store(at)
		source, err := table.OpenClassic(t.Context(), table.ClassicOptions{Database: through, TypeID: typeID, Now: now})
		must(t, err)
		names, err := drain(t.Context(), source)
		must(t, err)
		if len(names) != passes || len(unique(names)) != passes {
			t.Errorf("cut at byte %d: %d rows, %d different ones", at, len(names), len(unique(names)))
		}
		must(t, mark(t, source, good, func() {}))
		if i == 0 {
			size = plenty - c.after.Load()
		}
		c.after.Store(-1 << 40)
		open, err := drain(t.Context(), source)
		if err != nil || len(open) != 0 {
			t.Errorf("cut at byte %d: %d rows are not marked, %v", at, len(open), err)
		}
		must(t, source.Close())
	}
	if got := c.cuts.Load(); got != cuts {
		t.Errorf("%d cuts, want %d", got, cuts)
	}
}
