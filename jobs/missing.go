package jobs

import (
	"errors"
	"fmt"
)

// What becomes of passes whose rows are gone from the source.
const (
	MissingKeep   = "keep"
	MissingVoid   = "void"
	MissingExpire = "expire"
)

// defaultMost is which share of a job's passes may go missing at once, unless the job
// says otherwise.
const defaultMost Share = 0.1

// A MissingSpec says what becomes of passes whose rows are gone from the source.
type MissingSpec struct {
	Do   string `yaml:"do"`   // keep (the default) | void | expire
	Most string `yaml:"most"` // share of the passes above which nothing becomes of them; 10% if absent
}

// UnmarshalYAML implements [yaml.InterfaceUnmarshaler]: a bare word is what to do.
func (m *MissingSpec) UnmarshalYAML(unmarshal func(any) error) error {
	var word string
	if err := unmarshal(&word); err == nil {
		m.Do = word
		return nil
	}
	type plain MissingSpec // without this method
	return unmarshal((*plain)(m))
}

// Standing returns how passes stand whose rows are gone; valid if they are kept.
func (m MissingSpec) Standing() Standing {
	switch m.Do {
	case MissingVoid:
		return Standing{State: StandingVoided, Cause: CauseMissing}
	case MissingExpire:
		return Standing{State: StandingExpired, Cause: CauseMissing}
	}
	return Standing{}
}

// Allows reports whether so many passes of so many may go missing at once. When none
// has a row any more, it is the source that is gone.
func (m MissingSpec) Allows(missing, of int) bool {
	most := defaultMost
	if m.Most != "" {
		most, _ = ParseShare(m.Most) // validate has read it
	}
	return missing == 0 || missing < of && float64(missing) <= float64(most)*float64(of)
}

func (m MissingSpec) validate(s SourceSpec) (errs []error) {
	switch m.Do {
	case "", MissingKeep:
		if m.Do == "" && m.Most != "" {
			errs = append(errs, errors.New("missing: do: is missing; write void or expire, or remove the key most"))
		}
	case MissingVoid, MissingExpire:
		if s.Kind == SourceTables {
			errs = append(errs, fmt.Errorf("missing: %s does not go with tables: rows that are completed are not read, so nobody can tell which are gone; void them by passmill void", m.Do))
		}
	default:
		errs = append(errs, fmt.Errorf("missing: %q is nothing that can be done; write keep, void or expire", m.Do))
	}
	if _, err := ParseShare(m.Most); err != nil && m.Most != "" {
		errs = append(errs, fmt.Errorf("missing: most: %w", err))
	}
	return errs
}
