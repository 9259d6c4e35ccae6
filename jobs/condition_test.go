package jobs_test

import (
	"strings"
	"testing"

	"passmill/jobs"
)

func TestCondition(t *testing.T) {
	fields := []jobs.Field{{Name: "MemberID"}, {Name: "Tier"}, {Name: "Points"}, {Name: "ValidUntil"}, {Name: "Active"}, {Name: "Note"}}
	data := jobs.AppendValues(nil, fields, []jobs.Value{
		{Text: "00042", Present: true}, {Text: "Gold's", Present: true}, {Text: "1,250.50", JSON: "1250.50", Present: true},
		{Text: "31 Dec 2026", JSON: `"2026-12-31T23:59:00+01:00"`, Present: true}, {Text: "yes", JSON: "true", Present: true}, {},
	})
	for text, want := range map[string]string{
		`Tier = 'Gold''s'`:                             "true",
		`tier != 'Gold''s'`:                            "false",
		`Tier <> 'gold''s'`:                            "true",
		`"Member ID" = '00042'`:                        "true",
		`MemberID = '42'`:                              "false",
		`MemberID = 42`:                                "true", // as a number
		`Points > 999 and Points <= 1250.5`:            "true",
		`Points > 1250.50`:                             "false",
		`Points in (1, 2, 1250.5)`:                     "true",
		`Points not in (1, 2)`:                         "true",
		`not Points in (1250.50)`:                      "false",
		`ValidUntil < 2027-01-01`:                      "true",
		`ValidUntil >= 2026-12-31`:                     "true",
		`Active = true`:                                "true",
		`Active = FALSE`:                               "false",
		`Note = ''`:                                    "true",
		`Note != ''`:                                   "false",
		`Note != 'x'`:                                  "true",
		`Note < 5`:                                     "false", // absent is not comparable
		`Tier = 'x' or Active = true and Note = ''`:    "true",
		`(Tier = 'x' or Active = true) and Note = 'x'`: "false",
		`Tier > 5`:                                     "field Tier holds no number in some row",
		`Tier > 2026-01-01`:                            "field Tier holds no date in some row",
		`Points = true`:                                "field Points holds no truth value in some row",
		`Tier = Gold`:                                  "expected a text in single quotes",
		`Tier`:                                         "expected =, !=, <, <=, >, >= or in after the field Tier, and found the end",
		`Tier like 'G%'`:                               "expected =, !=",
		`Tier not = 'x'`:                               "expected =, !=",
		`= 'x'`:                                        "expected the name of a field",
		`Tier in 'Gold'`:                               "expected a list",
		`Tier = 'Gold'; drop`:                          `what begins with ";" makes no sense`,
		`Tier = 'Gold`:                                 `what begins with "'" makes no sense`,
		`(Tier = 'Gold'`:                               "expected a closing parenthesis",
		`Tier = 'Gold' Points = 5`:                     "expected and, or, or the end",
		`ValidUntil = 2026-02-30`:                      "no day of the calendar",
		strings.Repeat("(", 80) + "Tier=''":            "nested deeper",
		strings.Repeat("x", 10_001):                    "at most",
		``:                                             "expected the name of a field, and found the end",
	} {
		got := ""
		c, err := jobs.ParseCondition(text)
		if err == nil {
			var holds bool
			if holds, err = c.Holds(data); err == nil {
				got = map[bool]string{true: "true", false: "false"}[holds]
			}
		}
		if err != nil {
			got = err.Error()
			if strings.Contains(got, "1250") || strings.Contains(got, "Gold's") {
				t.Errorf("%s: the error quotes a value: %s", text, got)
			}
		}
		if !strings.HasPrefix(got, want) && !strings.Contains(got, want) {
			t.Errorf("%.60s: got %s, want %s", text, got, want)
		}
	}
}

// FuzzCondition: whatever is typed, it is read or refused, and judges a row.
func FuzzCondition(f *testing.F) {
	data := jobs.AppendValues(nil, []jobs.Field{{Name: "A"}}, []jobs.Value{{Text: "1", Present: true}})
	for _, seed := range []string{"A = 1", "not (A in ('x', 2) or A < 2026-01-01) and A <> true", "A = ''''", `"A b"='`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := jobs.ParseCondition(text)
		if err != nil {
			return
		}
		yes, err := c.Holds(data)
		not, err2 := jobs.ParseCondition("not (" + text + ")")
		if err2 != nil {
			if len(text) < 9_990 && !strings.Contains(err2.Error(), "nested") {
				t.Fatalf("%q is read, and what denies it is not: %v", text, err2)
			}
			return
		}
		if no, err2 := not.Holds(data); err == nil && err2 == nil && no == yes {
			t.Fatalf("%q and what denies it are both %v", text, yes)
		}
	})
}

func TestShare(t *testing.T) {
	for _, bad := range []string{"", "1", "-1%", "101%", "x%", "%"} {
		if s, err := jobs.ParseShare(bad); err == nil {
			t.Errorf("%q is %v", bad, s)
		}
	}
	one, _ := jobs.ParseShare("1%")
	five, _ := jobs.ParseShare(" 5 %")
	ones, fives := 0, 0
	for i := range 100_000 {
		serial := strings.Repeat("M", i%7) + string(rune('a'+i%26)) + jobs.Share(float64(i)/100_000).String()
		if one.Has(serial) {
			ones++
			if !five.Has(serial) {
				t.Fatalf("%s is in 1%% and not in 5%%", serial)
			}
		}
		if five.Has(serial) {
			fives++
		}
		if jobs.Share(0).Has(serial) || !jobs.Share(1).Has(serial) {
			t.Fatalf("%s is in nothing, or not in everything", serial)
		}
	}
	if ones < 800 || ones > 1200 || fives < 4600 || fives > 5400 {
		t.Errorf("1%% of 100,000 are %d, 5%% are %d", ones, fives)
	}
}

func TestMissingAllows(t *testing.T) {
	for _, c := range []struct {
		most        string
		missing, of int
		want        bool
	}{
		{"", 0, 0, true}, {"", 0, 5, true}, {"", 10, 100, true}, {"", 11, 100, false}, {"", 1, 5, false},
		{"50%", 2, 5, true}, {"100%", 4, 5, true}, {"100%", 5, 5, false}, {"0%", 1, 1000, false},
	} {
		if got := (jobs.MissingSpec{Do: "void", Most: c.most}).Allows(c.missing, c.of); got != c.want {
			t.Errorf("%d of %d with most %q: %v", c.missing, c.of, c.most, got)
		}
	}
}
