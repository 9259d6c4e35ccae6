# Each line here is one command that also runs without make.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.0

# SQLite's memory lies outside of Go's heap, where the race detector does not look, but
# for a few globals that SQLite's own locks guard: to watch its instructions costs three
# times its work and finds nothing. All of ours is watched, and the driver that calls
# it. The vet of go test is left out, since the whole of vet has been run by then.
RACE = -race -vet=off -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc=-race=false

# A process under the race detector waits a second at its end for goroutines that still
# run, unless told: ours have ended by then, and tests start thousands of processes.
export GORACE = atexit_sleep_ms=0

# For other systems it is enough that all of it compiles: without optimising, it does so sooner.
COMPILE = go build -gcflags='all=-N -l' -o /dev/null ./cmd/passmill

.PHONY: demo test bench kills fuzz build

demo:
	go run ./cmd/passmill demo

test:
	.ci/install
	test -z "$$(gofmt -l . | tee /dev/stderr)"
	go mod tidy -diff
	go vet ./...
	go run $(STATICCHECK) ./...
	go test $(RACE) -timeout 0 ./...
	GOOS=darwin GOARCH=arm64 $(COMPILE)
	GOOS=windows GOARCH=amd64 $(COMPILE)

bench:
	go run ./cmd/passmill bench

kills:
	.ci/install
	KILLS=1000 FAULTS=5 go test ./cmd/passmill -run 'TestKills|TestFaultPoints' -count=1 -timeout=0 -parallel 8 -v

fuzz:
	.ci/fuzz

build:
	CGO_ENABLED=0 go build -trimpath -o passmill ./cmd/passmill
