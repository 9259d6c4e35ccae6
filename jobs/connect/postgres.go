package connect

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"
)

// ErrUnverified means that a connection to PostgreSQL would leave this machine
// without proof of who answers.
var ErrUnverified = errors.New("the connection to PostgreSQL must verify the server")

// Timeout is how long a connection may take to come about.
const Timeout = 10 * time.Second

// IsPostgres reports whether a database's name is the URL of a PostgreSQL one.
func IsPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// Postgres reads dsn, the environment and the service file as lib/pq does, and
// sees to it that the server is verified. The settings are what each session asks
// of the server, unless dsn says otherwise. Its errors don't quote dsn, which may
// hold a password.
func Postgres(dsn string, settings map[string]string) (pq.Config, error) {
	if _, err := url.Parse(dsn); err != nil {
		return pq.Config{}, errors.New("the address of the database is not a URL like postgres://user@host/database;" +
			" characters such as # and % in a password are written %23 and %25")
	}
	cfg, err := pq.NewConfig(dsn)
	if err != nil {
		return pq.Config{}, errors.New("the address of the database, or one of the environment's PG… variables, has a parameter" +
			" that is unknown or can't be read")
	}
	if err := verify(&cfg); err != nil {
		return pq.Config{}, err
	}
	if cfg.ApplicationName == "" {
		cfg.ApplicationName = "passmill"
	}
	if cfg.ConnectTimeout <= 0 {
		cfg.ConnectTimeout = Timeout
	}
	cfg.BinaryParameters = true // one round trip for a statement instead of two
	cfg = cfg.Clone()
	for name, value := range settings {
		if cfg.Runtime[name] == "" {
			cfg.Runtime[name] = value
		}
	}
	return cfg, nil
}

// verify sees to it that the server is verified, unless it is on this machine.
func verify(cfg *pq.Config) error {
	isLocal := local(cfg.Host, cfg.Hostaddr) && !slices.ContainsFunc(cfg.Multi, func(m pq.ConfigMultihost) bool {
		return !local(m.Host, m.Hostaddr)
	})
	switch {
	case cfg.SSLMode == pq.SSLModeVerifyFull:
		return nil
	case isLocal && cfg.SSLMode == "":
		cfg.SSLMode = pq.SSLModeDisable
		return nil
	case isLocal:
		return nil
	case cfg.SSLMode == "":
		cfg.SSLMode = pq.SSLModeVerifyFull
		return nil
	}
	return fmt.Errorf("%w: sslmode is %q for host %s\nwrite sslmode=verify-full, and sslrootcert=FILE if the server's certificate is signed by an authority of your own",
		ErrUnverified, cfg.SSLMode, cfg.Host)
}

// local reports whether a connection stays on this machine: a Unix socket or a
// loopback address.
func local(host string, addr netip.Addr) bool {
	if addr.IsValid() {
		return addr.IsLoopback()
	}
	if host == "" || host == "localhost" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback()
}
