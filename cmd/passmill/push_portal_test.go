package main

import (
	"encoding/pem"
	"os"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"passmill/sign/signtest"
)

// scriptPushPortal makes a push certificate of a signing request: push-portal CSR PEM
// NUMBER DAYS, where the number is the end of its topic. (It does not ask for a vendor's
// signature, as Apple's does.)
func scriptPushPortal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: push-portal CSR PEM NUMBER DAYS")
	}
	days, err := strconv.Atoi(args[3])
	ts.Check(err)
	block, _ := pem.Decode([]byte(ts.ReadFile(args[0])))
	if block == nil {
		ts.Fatalf("%s is no request", args[0])
	}
	cert, err := signtest.Shared().IssueFor(block.Bytes, signtest.Options{Push: true, TypeID: "com.apple.mgmt.External." + args[2], NotAfter: time.Now().AddDate(0, 0, days)})
	ts.Check(err)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o600))
}
