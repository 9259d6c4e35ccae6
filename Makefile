# Each line here is one command that also runs without make.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.0

.PHONY: demo test bench kills fuzz build

demo:
	go run ./cmd/passmill demo

test:
	.ci/install
	test -z "$$(gofmt -l . | tee /dev/stderr)"
	go mod tidy -diff
	go vet ./...
	go run $(STATICCHECK) ./...
	go test -race -timeout 0 ./...
	GOOS=darwin GOARCH=arm64 go build -o /dev/null ./cmd/passmill
	GOOS=windows GOARCH=amd64 go build -o /dev/null ./cmd/passmill

bench:
	go run ./cmd/passmill bench

kills:
	.ci/install
	KILLS=1000 FAULTS=5 go test ./cmd/passmill -run 'TestKills|TestFaultPoints' -count=1 -timeout=0 -v

fuzz:
	.ci/fuzz

build:
	CGO_ENABLED=0 go build -trimpath -o passmill ./cmd/passmill
