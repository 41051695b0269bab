package said

import (
	"fmt"
	"strings"
	"testing"
)

// Reasons are told once, and not without end: whoever is on the network can invent them.
func TestReasonsAreTold(t *testing.T) {
	var told []string
	s := Said{Warn: func(text string) { told = append(told, text) }}
	s.Wrong("refused")
	s.Wrong("refused")
	s.For("no answer", " (2 sent)")
	if what, asked := s.Waiting(); what != "refused; since then no answer" || asked != " (2 sent)" {
		t.Errorf("waiting for %q, %q", what, asked)
	}
	s.Bound()
	s.For("no answer", " (1 sent)")
	if what, _ := s.Waiting(); what != "no answer" {
		t.Errorf("waiting for %q after there was a lease", what)
	}
	s.Wrong("refused")
	if len(told) != 1 {
		t.Errorf("told %q", told)
	}
	s.Lasted()
	s.Wrong("refused")
	if len(told) != 2 {
		t.Errorf("told %q: what is wrong with another lease is news", told)
	}
	for i := range 100 {
		s.Wrong(fmt.Sprint("invented ", i))
	}
	if len(told) != 1+most {
		t.Errorf("told %d reasons, want %d", len(told), 1+most)
	}
	s.Rest("")
	if what, _ := s.Waiting(); what != "invented 99" {
		t.Errorf("it rests because of %q", what)
	}
}

func TestQuote(t *testing.T) {
	for words, want := range map[string]string{
		"": "", "not here": `: "not here"`, "\x1b[2J\n": `: "\x1b[2J\n"`, strings.Repeat("x", 300): `: "` + strings.Repeat("x", longest) + `"`,
	} {
		if got := Quote(words); got != want {
			t.Errorf("%q is quoted as %q, want %q", words, got, want)
		}
	}
}
