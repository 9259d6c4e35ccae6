package main

import (
	"fmt"
	"math"
	"slices"
)

// A series holds one figure of each round.
type series []float64

// spreadLimit is the share of the median by which the figures of a series may
// lie apart before the machine counts as too noisy to be believed.
const spreadLimit = 0.20

func (s series) median() float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(s))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// noisy reports whether the figures lie far apart.
func (s series) noisy() bool {
	return len(s) > 1 && slices.Max(s)-slices.Min(s) > spreadLimit*s.median()
}

// over returns the ratios of the two series, round by round: both figures of a
// pair were taken one after the other, so that a slow minute weighs on both.
func (s series) over(other series) series {
	ratios := make(series, min(len(s), len(other)))
	for i := range ratios {
		ratios[i] = s[i] / other[i]
	}
	return ratios
}

// String returns median, minimum and maximum.
func (s series) String() string {
	if len(s) == 0 {
		return "not measured"
	}
	format := "%.0f [%.0f..%.0f]"
	if s.median() < 100 {
		format = "%.2f [%.2f..%.2f]"
	}
	if s.median() < 0.1 {
		format = "%.4f [%.4f..%.4f]"
	}
	text := fmt.Sprintf(format, s.median(), slices.Min(s), slices.Max(s))
	if s.noisy() {
		text += "  (noisy: spread > 20 %)"
	}
	return text
}
