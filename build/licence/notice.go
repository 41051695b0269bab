// Package licence reads under which licences software is, from Debian's copyright files and from the licence files of Go
// modules, and says it in SPDX's words (https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/). It is pure: text in,
// values out.
package licence

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
)

// None is SPDX's word for software that says nothing of a licence, which is not the same as one that nobody has looked at.
const None = "NONE"

// Notice is what one package or module says of its licence.
type Notice struct {
	// Licence is an SPDX expression, or None.
	Licence string
	// Texts are those of every LicenseRef in it, sorted by ID.
	Texts []Text
	// Copyright are the lines of who has it; empty where none are found.
	Copyright string
	// Files are what it says that in, as they are.
	Files []File
}

// Text is that of a licence that SPDX's list does not have.
type Text struct{ ID, Name, Text string }

// File is a file of licences, by its path in the package or module.
type File struct {
	Name string
	Body []byte
}

// ref names a licence without a name of SPDX's. The name has a hash of the text: many are called public-domain, and each says
// something else.
func ref(name, text string) Text {
	sum := sha256.Sum256([]byte(text))
	clean := strings.Trim(unfit.ReplaceAllString(name, "-"), "-.")
	return Text{ID: "LicenseRef-" + clean + "-" + hex.EncodeToString(sum[:4]), Name: name, Text: text}
}

// unfit is what an idstring of SPDX must not have.
var unfit = regexp.MustCompile(`[^A-Za-z0-9.]+`)

// terms are the parts of an expression that all hold, and the texts of those that SPDX does not know.
type terms struct {
	all   []string
	texts []Text
}

func (t *terms) add(expression ...string) { t.all = append(t.all, expression...) }

func (t *terms) addText(text Text) string {
	t.texts = append(t.texts, text)
	return text.ID
}

// notice says all terms once, in the order of the alphabet.
func (t *terms) notice() Notice {
	slices.Sort(t.all)
	slices.SortFunc(t.texts, func(a, b Text) int { return cmp.Compare(a.ID, b.ID) })
	n := Notice{Licence: All(slices.Compact(t.all)), Texts: slices.CompactFunc(t.texts, func(a, b Text) bool { return a.ID == b.ID })}
	return n
}

// All is the expression under which all of these hold; None for none of them.
func All(expressions []string) string {
	switch len(expressions) {
	case 0:
		return None
	case 1:
		return expressions[0]
	}
	out := make([]string, len(expressions))
	for i, e := range expressions {
		out[i] = e
		if strings.Contains(e, " OR ") && !strings.HasPrefix(e, "(") {
			out[i] = "(" + e + ")"
		}
	}
	return strings.Join(out, " AND ")
}

// Join is the expression under which the licences of several parts all hold, each once. It is empty where that of a part is.
func Join(parts ...string) string {
	var all []string
	for _, p := range parts {
		if p == "" {
			return ""
		}
		if p != None {
			all = append(all, conjuncts(p)...)
		}
	}
	slices.Sort(all)
	return All(slices.Compact(all))
}

// conjuncts splits an expression at every AND that is not in parentheses.
func conjuncts(expression string) (all []string) {
	depth, from := 0, 0
	for i := range expression {
		switch {
		case expression[i] == '(':
			depth++
		case expression[i] == ')':
			depth--
		case depth == 0 && strings.HasPrefix(expression[i:], " AND "):
			all = append(all, expression[from:i])
			from = i + len(" AND ")
		}
	}
	return append(all, expression[from:])
}

// copyrightLine begins as those who claim a copyright write it; "copyright notice", of which licences speak, does not.
var copyrightLine = regexp.MustCompile(`(?im)^[\s*#/;>-]*((?:copyright\b[^\n]*?(?:\(c\)|©|\d{4})|©|\(c\)\s*(?:copyright\s*)?\d{4})[^\n]*)$`)

// claims are the lines of a text that claim a copyright, each once.
func claims(text string) []string {
	var out []string
	for _, m := range copyrightLine.FindAllStringSubmatch(text, -1) {
		line := strings.Join(strings.Fields(m[1]), " ")
		if !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return out
}
