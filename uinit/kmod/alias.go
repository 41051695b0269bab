package kmod

import (
	"slices"
	"strings"
)

// keyLen is how much of an alias sorts it into a bucket: enough to hold a PCI
// vendor (pci:v00008086), so that a generic kernel's 20,000 aliases fall apart.
const keyLen = 13

// aliases finds the modules that want a device.
type aliases struct {
	// byKey holds aliases whose literal head reaches keyLen, the others lie in
	// short, by what stands before the colon.
	byKey, short map[string][]alias
}

type alias struct{ pattern, module string }

func (a *aliases) add(pattern, module string) {
	if a.byKey == nil {
		a.byKey, a.short = map[string][]alias{}, map[string][]alias{}
	}
	pattern = normalPattern(pattern)
	head := literal(pattern)
	if len(head) >= keyLen {
		a.byKey[head[:keyLen]] = append(a.byKey[head[:keyLen]], alias{pattern, module})
		return
	}
	bus, _, ok := strings.Cut(head, ":")
	if !ok {
		bus = "" // acpi*:PNP0C0C:* and plain names
	}
	a.short[bus] = append(a.short[bus], alias{pattern, module})
}

// match returns the modules whose alias matches, each once; the order is fixed.
func (a *aliases) match(name string) []string {
	name = normal(name)
	bus, _, ok := strings.Cut(name, ":")
	lists := [][]alias{a.short[""]}
	if ok {
		lists = append(lists, a.short[bus])
	}
	if len(name) >= keyLen {
		lists = append(lists, a.byKey[name[:keyLen]])
	}
	var modules []string
	for _, list := range lists {
		for _, c := range list {
			if match(c.pattern, name) && !slices.Contains(modules, c.module) {
				modules = append(modules, c.module)
			}
		}
	}
	return modules
}

// normal turns hyphens to underscores, which are the same in names of modules.
func normal(name string) string { return strings.ReplaceAll(name, "-", "_") }

// normalPattern does the same for a pattern, where a hyphen inside brackets is a range.
func normalPattern(pattern string) string {
	b, inside := []byte(pattern), false
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
	return string(b)
}
