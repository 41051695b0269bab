package fact

import (
	"slices"
	"strings"
)

// Known is a fact that a machine makes, or, where rows are known only as it runs, facts that it may make.
type Known struct {
	Def
	// Name is the pattern with the rows filled in.
	Name string
	// Labels are the rows, one for each placeholder. A * in one stands for what only the running machine knows.
	Labels []Label
}

// Label is what a placeholder stands for.
type Label struct {
	// Name is the placeholder: "NAME", "PEER".
	Name, Row string
}

// At is the fact with rows filled in, one for each placeholder.
func (d Def) At(rows ...string) Known {
	k := Known{Def: d, Name: fill(d.Pattern, rows...)}
	for i, name := range d.Placeholders() {
		k.Labels = append(k.Labels, Label{name, rows[i]})
	}
	return k
}

// Placeholders are the parts of the pattern that stand for rows.
func (d Def) Placeholders() []string {
	return slices.DeleteFunc(strings.Split(d.Pattern, "."), func(part string) bool { return !placeholder(part) })
}

// Set are the facts of a machine.
type Set []Known

// Find returns the fact of a name, with its rows: the one that is called so, or else one of a pattern.
func (s Set) Find(name string) (Known, bool) {
	if strings.Contains(name, "*") {
		return Known{}, false
	}
	if i := slices.IndexFunc(s, func(k Known) bool { return k.Name == name }); i >= 0 {
		return s[i], true
	}
	for _, k := range s {
		if stars, ok := match(k.Name, name); ok {
			k.Name, k.Labels = name, slices.Clone(k.Labels)
			for i := range k.Labels {
				for row := &k.Labels[i].Row; strings.Contains(*row, "*"); stars = stars[1:] {
					*row = strings.Replace(*row, "*", stars[0], 1)
				}
			}
			return k, true
		}
	}
	return Known{}, false
}

// Names are those of all facts.
func (s Set) Names() []string {
	names := make([]string, len(s))
	for i, k := range s {
		names[i] = k.Name
	}
	return names
}

// Match says whether a fact's name is one of a pattern, in which a * stands for a row.
func Match(pattern, name string) bool {
	_, ok := match(pattern, name)
	return ok
}

// match holds a name against a pattern, and returns what each * of that stands for: one character or more.
func match(pattern, name string) (stars []string, ok bool) {
	text, rest, open := strings.Cut(pattern, "*")
	name, ok = strings.CutPrefix(name, text)
	if !ok || !open {
		return nil, ok && name == ""
	}
	for n := 1; n <= len(name); n++ {
		if stars, ok := match(rest, name[n:]); ok {
			return append([]string{name[:n]}, stars...), true
		}
	}
	return nil, false
}
