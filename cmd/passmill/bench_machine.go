package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// machine describes what the figures were taken on. What the system does not
// tell is left out.
func machine() string {
	facts := []string{fmt.Sprintf("%s %s/%s, GOMAXPROCS %d", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0))}
	if model, flags := processor(); model != "" {
		facts = append(facts, model+" ("+strings.Join(flags, " ")+")")
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		if words := strings.Fields(string(load)); len(words) > 0 {
			facts = append(facts, "load "+words[0])
		}
	}
	if quota, err := os.ReadFile("/sys/fs/cgroup/cpu.max"); err == nil {
		facts = append(facts, "cpu quota "+strings.TrimSpace(string(quota)))
	}
	return strings.Join(facts, "; ")
}

// processor returns the model and those of its abilities that cryptography uses.
func processor() (model string, flags []string) {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "", nil
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		switch strings.TrimSpace(name) {
		case "model name":
			model = strings.TrimSpace(value)
		case "flags":
			for _, flag := range strings.Fields(value) {
				if slices.Contains([]string{"adx", "avx2", "avx512f", "avx512ifma", "bmi2", "sha_ni"}, flag) {
					flags = append(flags, flag)
				}
			}
			return model, flags
		}
	}
	return model, flags
}
