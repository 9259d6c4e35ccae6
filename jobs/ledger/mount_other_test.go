//go:build !linux

package ledger_test

import (
	"errors"
	"os/exec"
)

func mayMount(*exec.Cmd) bool { return false }

func mount(string) (unmount func() error, err error) { return nil, errors.ErrUnsupported }
