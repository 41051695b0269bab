package kmod

import (
	"bytes"
	"slices"
	"strings"
)

// keyLen is how much of an alias sorts it into a chain: enough to hold a PCI
// vendor (pci:v00008086), so that a generic kernel's 20,000 aliases fall apart.
const keyLen = 13

// aliases finds the modules that want a device. It is places in one text and not thousands of strings: making these, and having
// the garbage collector look at them, was a quarter of what the init did in a boot.
type aliases struct {
	text   string
	all    []alias
	chains map[string]chain
}

// alias is where a pattern and its module lie in the text, and the number of the next alias of the same chain, 0 for none.
type alias struct{ pattern, patternEnd, module, moduleEnd, next int32 }

// chain holds the aliases of one key, in the order of the file, by the numbers of the first and the last. The key is what they
// begin with, where keyLen literal characters of that are the same for all devices; else what stands before the colon.
type chain struct{ first, last int32 }

// readAliases reads modules.alias: lines of "alias PATTERN MODULE". The text is written to.
func readAliases(text []byte) (a aliases) {
	for line := range bytes.Lines(text) {
		if bytes.IndexByte(line, '-') >= 0 {
			normalize(line)
		}
	}
	a = aliases{string(text), make([]alias, 0, bytes.Count(text, []byte("\n"))+1), map[string]chain{}}
	at := 0
	for line := range strings.Lines(a.text) {
		start := at + len("alias ")
		at += len(line)
		rest, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "alias ")
		pattern, module, both := strings.Cut(rest, " ")
		if !ok || !both || pattern == "" || module == "" || strings.IndexByte(module, ' ') >= 0 {
			continue
		}
		from := start + len(pattern) + 1
		a.add(keyOf(pattern), alias{int32(start), int32(from - 1), int32(from), int32(from + len(module)), 0})
	}
	return a
}

func (a *aliases) add(key string, one alias) {
	n := int32(len(a.all))
	a.all = append(a.all, one)
	c, more := a.chains[key]
	if !more {
		c.first = n
	} else {
		a.all[c.last].next = n
	}
	c.last = n
	a.chains[key] = c
}

// keyOf is the key of a pattern: "" for acpi*:PNP0C0C:* and plain names.
func keyOf(pattern string) string {
	head := literal(pattern[:min(keyLen, len(pattern))])
	if len(head) == keyLen {
		return head
	}
	bus, _, ok := strings.Cut(head, ":")
	if !ok {
		return ""
	}
	return bus
}

// match returns the modules whose alias matches, each once; the order is fixed.
func (a *aliases) match(name string) (modules []string) {
	name = normal(name)
	keys := []string{""}
	if bus, _, ok := strings.Cut(name, ":"); ok {
		keys = append(keys, bus)
	}
	if len(name) >= keyLen {
		keys = append(keys, name[:keyLen])
	}
	for _, key := range keys {
		c, more := a.chains[key]
		for n := c.first; more; {
			one := a.all[n]
			module := a.text[one.module:one.moduleEnd]
			if match(a.text[one.pattern:one.patternEnd], name) && !slices.Contains(modules, module) {
				modules = append(modules, module)
			}
			n, more = one.next, one.next != 0
		}
	}
	return modules
}

// normal turns hyphens to underscores, which are the same in names of modules.
func normal(name string) string { return strings.ReplaceAll(name, "-", "_") }

// normalize does the same in patterns, where a hyphen inside brackets is a range.
func normalize(b []byte) {
	inside := false
	for i, c := range b {
		switch {
		case c == '[':
			inside = true
		case c == ']':
			inside = false
		case c == '-' && !inside:
			b[i] = '_'
		}
	}
}
