package check

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// WriteJSON writes the results for a program.
func WriteJSON(w io.Writer, r Results) error {
	out := struct {
		Passed bool `json:"passed"`
		Results
	}{r.Passed(), r}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitMessage `xml:"failure"`
	Error   *junitMessage `xml:"error"`
	Skipped *junitMessage `xml:"skipped"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the results as a suite of that name in the form that CI systems
// read (the schema of Apache Ant's JUnit task). The boot is a case of its own, so
// that a panic is not hidden behind checks that passed before.
func WriteJUnit(w io.Writer, suite string, r Results) error {
	s := junitSuite{Name: suite, Tests: len(r.Checks) + 1, Time: junitTime(r.Took)}
	for _, c := range r.Checks {
		out := junitCase{Class: suite, Name: c.Name, Time: junitTime(c.Seconds)}
		message := &junitMessage{Message: printable(c.Message), Text: printable(strings.Join(c.Detail, "\n"))}
		switch {
		case c.Skipped:
			s.Skipped++
			out.Skipped = message
		case !c.Passed:
			s.Failures++
			out.Failure = message
		}
		s.Cases = append(s.Cases, out)
	}
	boot := junitCase{Class: suite, Name: "boot", Time: junitTime(r.Boot)}
	if r.Verdict != Good {
		s.Errors++
		boot.Error = &junitMessage{Message: printable(r.Message), Type: string(r.Verdict),
			Text: printable(strings.Join(r.Console, "\n") + "\n" + r.Command)}
	}
	s.Cases = append(s.Cases, boot)
	text, err := xml.MarshalIndent(junitSuites{Suites: []junitSuite{s}}, "", "  ")
	if err != nil {
		return fmt.Errorf("writing JUnit XML: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

func junitTime(seconds float64) string { return fmt.Sprintf("%.3f", seconds) }

// printable replaces what XML 1.0 cannot hold and a terminal should not get: a guest
// may print anything.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
