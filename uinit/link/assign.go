package link

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/order"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// assign says which interface each row gets, as its index. Rows choose in the order of their names; a row takes the
// first interface in bus order that matches and that no earlier row took. Match.Index counts all that
// match otherwise, taken or not, so that rows with index 0 and 1 get the first and second port
// whatever they are called. A row without an interface is absent from the result. What was assigned before is kept, as long
// as the interface is there: a slow driver must not take a running link's name away.
func assign(rows map[string]spec.Ethernet, nics []NIC, before map[string]int) map[string]int {
	nics = slices.Clone(nics)
	order.By(nics, busOrder)
	got := map[string]int{}
	taken := map[int]bool{}
	for name, index := range before {
		if slices.ContainsFunc(nics, func(n NIC) bool { return n.Index == index }) {
			got[name], taken[index] = index, true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		if _, has := got[name]; has {
			continue
		}
		if n, ok := choose(rows[name].Match, nics, taken); ok {
			got[name], taken[n.Index] = n.Index, true
		}
	}
	return got
}

func choose(m spec.Match, nics []NIC, taken map[int]bool) (NIC, bool) {
	place := 0
	for _, n := range nics {
		if !matches(m, n) {
			continue
		}
		if (m.Index == nil || *m.Index == place) && !taken[n.Index] {
			return n, true
		}
		place++
	}
	return NIC{}, false
}

func matches(m spec.Match, n NIC) bool {
	if n.Virtual && !slices.Contains(m.Driver, n.Driver) {
		return false
	}
	return (m.MAC == "" || m.MAC == n.MAC) &&
		(len(m.Driver) == 0 || slices.Contains(m.Driver, n.Driver)) &&
		(m.Path == "" || m.Path == n.Bus)
}

// busOrder sorts by bus address. Shorter ones come first, so that 1-2 is before 1-10; PCI addresses
// are all of one length. Ports of one card come in the order the driver made them.
func busOrder(a, b NIC) int {
	return cmp.Or(cmp.Compare(len(a.Bus), len(b.Bus)), strings.Compare(a.Bus, b.Bus), cmp.Compare(a.Index, b.Index))
}

// describe says what a match asks for, for a person.
func describe(m spec.Match) string {
	var words []string
	if m.MAC != "" {
		words = append(words, "mac="+string(m.MAC))
	}
	if len(m.Driver) > 0 {
		words = append(words, "driver="+strings.Join(m.Driver, ","))
	}
	if m.Path != "" {
		words = append(words, "path="+m.Path)
	}
	if m.Index != nil {
		words = append(words, "index="+strconv.Itoa(*m.Index))
	}
	if words == nil {
		return "no Ethernet interface is left"
	}
	return "no interface matches " + strings.Join(words, " ")
}
