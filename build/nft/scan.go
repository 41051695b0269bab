// Package nft reads and tries rulesets of nftables before they go into an image.
package nft

import (
	"path"
	"slices"
	"strings"
)

// Place is where something stands in a ruleset: a file of the image, line and column from 1.
type Place struct {
	Path      string
	Line, Col int
}

// Chain is a base chain, which hangs packets on a hook.
type Chain struct {
	Place
	// Family of its table: ip, ip6, inet, arp, bridge, netdev.
	Family string
	// Type is filter, nat or route.
	Type string
}

// Scan lists the base chains of a ruleset in nft(8)'s language and the files that it includes. It does not
// judge: what it can't make sense of it passes over, for nft itself will say so. read returns the text
// of a file, false where there is none; match the files that a pattern names.
func Scan(name string, read func(name string) (string, bool), match func(pattern string) []string) []Chain {
	return scan(name, read, match).chains
}

func scan(name string, read func(name string) (string, bool), match func(pattern string) []string) *scanner {
	s := &scanner{read: read, match: match}
	s.file(name)
	return s
}

// maxDepth is nft's own limit of files that include each other (MAX_INCLUDE_DEPTH in its include/parser.h).
const maxDepth = 16

type scanner struct {
	read   func(string) (string, bool)
	match  func(string) []string
	open   []string
	chains []Chain
	flows  Flows
	groups Groups
	family string
	table  string
}

func (s *scanner) file(name string) {
	text, ok := s.read(name)
	if !ok {
		s.flows.Unread = append(s.flows.Unread, name)
	}
	if !ok || len(s.open) == maxDepth || slices.Contains(s.open, name) {
		return
	}
	s.open = append(s.open, name)
	words := split(text)
	for i, w := range words {
		next := func(n int) string {
			if i+n < len(words) {
				return words[i+n].text
			}
			return ""
		}
		switch {
		case w.text == "include":
			s.include(name, strings.Trim(next(1), `"'`))
		case slices.Contains([]string{"table", "chain", "rule"}, w.text):
			s.command(w.text, next(1), next(2))
		case w.text == "type" && next(2) == "hook":
			s.chains = append(s.chains, Chain{Place{name, w.line, w.col}, s.family, next(1)})
		case w.text == "group":
			s.groups.Logged = append(s.groups.Logged, next(1))
		case w.text == "flowtable" || w.text == "flow":
			s.flow(w.text, next)
		}
	}
	s.open = s.open[:len(s.open)-1]
}

var families = []string{"ip", "ip6", "inet", "arp", "bridge", "netdev"}

// command notes the family of what follows: "table inet filter {", "add chain ip nat post { … }". Within a
// table "chain" is followed by a name alone.
func (s *scanner) command(what, family, then string) {
	switch {
	case slices.Contains(families, family) && then != "{":
		s.family = family
		if what == "table" {
			s.table = then
		}
	case what == "table":
		s.family, s.table = "ip", family
	}
}

func (s *scanner) include(from, pattern string) {
	if pattern == "" {
		return
	}
	if !path.IsAbs(pattern) {
		pattern = path.Join(path.Dir(from), pattern)
	}
	names := s.match(pattern)
	if len(names) == 0 && !strings.ContainsAny(pattern, "*?[") {
		s.flows.Unread = append(s.flows.Unread, pattern)
	}
	for _, name := range names {
		s.file(name)
	}
}

type word struct {
	text      string
	line, col int
}

// split cuts a text into words, quoted strings and punctuation; comments are left out.
func split(text string) []word {
	var words []word
	for n, line := range strings.Split(text, "\n") {
		for i := 0; i < len(line); {
			start := i
			switch c := line[i]; {
			case c == '#':
				i = len(line)
				continue
			case c == ' ' || c == '\t' || c == '\r':
				i++
				continue
			case c == '"' || c == '\'':
				i++
				for i < len(line) && line[i] != c {
					i++
				}
				i = min(i+1, len(line))
			case strings.IndexByte("{};,", c) >= 0:
				i++
			default:
				for i < len(line) && !strings.ContainsRune(" \t\r{};,\"'#", rune(line[i])) {
					i++
				}
			}
			words = append(words, word{line[start:i], n + 1, start + 1})
		}
	}
	return words
}
