package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A load sends requests over connections that stay open, as fast as answers come. It
// does less than net/http's client, which would take most of two processors itself.
type load struct {
	address     string
	connections int
}

// A tally is what a load found.
type tally struct {
	took  time.Duration
	cpu   time.Duration   // of all cores, of client and server
	each  []time.Duration // sorted
	codes map[int]int
	err   error // the first
}

func (r *tally) rate() float64 { return float64(len(r.each)) / r.took.Seconds() }

// perCPU is the rate for each second that a processor worked, which tells something also
// where others use the machine.
func (r *tally) perCPU() float64 { return float64(len(r.each)) / max(r.cpu.Seconds(), 1e-9) }

// at returns the time that a share of the requests took at most.
func (r *tally) at(share float64) time.Duration {
	if len(r.each) == 0 {
		return 0
	}
	return r.each[int(share*float64(len(r.each)-1))]
}

func (r *tally) String() string {
	return fmt.Sprintf("%d in %.2f s, %.0f a second, %.0f for each second of a processor, p50 %.1f ms, p99 %.1f ms, statuses %v",
		len(r.each), r.took.Seconds(), r.rate(), r.perCPU(), r.at(0.5).Seconds()*1000, r.at(0.99).Seconds()*1000, r.codes)
}

// run sends the requests that next makes of rising numbers, until it makes none.
// answered, if not nil, hears of each answer.
func (l load) run(t testing.TB, next func(i int) []byte, answered func(i, code int)) *tally {
	t.Helper()
	all := &tally{codes: map[int]int{}}
	var mu sync.Mutex // guards what follows, and all
	sent := 0
	take := func() (int, []byte) {
		mu.Lock()
		defer mu.Unlock()
		sent++
		return sent - 1, next(sent - 1)
	}
	begin, used := time.Now(), cpuTime()
	var workers sync.WaitGroup
	for range l.connections {
		workers.Go(func() {
			each, codes, err := l.connection(take, answered)
			mu.Lock()
			defer mu.Unlock()
			all.each = append(all.each, each...)
			for code, n := range codes {
				all.codes[code] += n
			}
			if all.err == nil {
				all.err = err
			}
		})
	}
	workers.Wait()
	all.took, all.cpu = time.Since(begin), cpuTime()-used
	slices.Sort(all.each)
	return all
}

func (l load) connection(take func() (int, []byte), answered func(i, code int)) (each []time.Duration, codes map[int]int, err error) {
	codes = map[int]int{}
	conn, err := net.Dial("tcp", l.address)
	if err != nil {
		return nil, codes, err
	}
	defer conn.Close()
	r := bufio.NewReaderSize(conn, 64<<10)
	for {
		i, request := take()
		if request == nil {
			return each, codes, nil
		}
		begin := time.Now()
		if _, err := conn.Write(request); err != nil {
			return each, codes, err
		}
		code, err := skipAnswer(r)
		if err != nil {
			return each, codes, err
		}
		each = append(each, time.Since(begin))
		codes[code]++
		if answered != nil {
			answered(i, code)
		}
	}
}

// skipAnswer reads an answer to its end, and returns its status.
func skipAnswer(r *bufio.Reader) (code int, err error) {
	length := 0
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case first:
			if len(line) < 12 {
				return 0, fmt.Errorf("an answer that begins with %q", line)
			}
			code, err = strconv.Atoi(string(line[9:12]))
		case len(line) == 0:
			_, err = io.CopyN(io.Discard, r, int64(length))
			return code, err
		case bytes.EqualFold(name, []byte("Content-Length")):
			length, err = strconv.Atoi(string(value))
		}
		if err != nil {
			return 0, err
		}
	}
}

// rawRequest writes a request as it goes over the network.
func rawRequest(method, path, body string, header ...string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: passes.example.com\r\n", method, path)
	for i := 0; i < len(header); i += 2 {
		fmt.Fprintf(&b, "%s: %s\r\n", header[i], header[i+1])
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	return []byte(b.String() + "\r\n" + body)
}
