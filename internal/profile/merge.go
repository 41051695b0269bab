package profile

import (
	"maps"
	"reflect"
	"slices"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/strict"
)

// layers are the tables of a profile laid over those of the one that it extends.
type layers struct {
	base, top problem.Positions
	lost      map[string][]any // what lists lost that another took the place of, by their key
}

// merge lays top over base: tables merge, false takes one away, a list goes on where it says "inherited", and everything else is
// replaced. The positions of base become those of what comes out.
func (l *layers) merge(path string, base, top map[string]any) map[string]any {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]any{}
	}
	for word, over := range top {
		key, under := joinKey(path, word), base[word]
		table, isTable := under.(map[string]any)
		switch above := over.(type) {
		case map[string]any:
			if isTable {
				out[word] = l.merge(key, table, above)
				continue
			}
		case []any:
			over = l.list(key, under, above)
		case bool:
			if isTable && !above {
				l.base.Drop(key)
				l.top.Take(key)
				delete(out, word)
				continue
			}
		}
		l.base.Drop(key)
		out[word] = over
	}
	return out
}

// list puts what is inherited in the place of each word that stands for it. Every member keeps the place where it was written.
func (l *layers) list(key string, under any, above []any) []any {
	inherited, isList := under.([]any)
	if !isList {
		return above
	}
	out := []any{}
	var at []Pos
	add := func(member any, from problem.Positions, i int) {
		out, at = append(out, member), append(at, from.Value[joinIndex(key, i)])
	}
	for i, member := range above {
		if member != strict.Inherited {
			add(member, l.top, i)
			continue
		}
		for j, member := range inherited {
			add(member, l.base, j)
		}
	}
	l.lose(key, inherited, out)
	for i := range above {
		delete(l.top.Value, joinIndex(key, i))
	}
	for i, pos := range at {
		l.top.Value[joinIndex(key, i)] = pos
	}
	return out
}

// lose notes what is not there any more of a list in whose place something new came. A list that says less and nothing new is
// meant so.
func (l *layers) lose(key string, old, now []any) {
	without := func(all, some []any) []any {
		return slices.DeleteFunc(slices.Clone(all), func(one any) bool {
			return slices.ContainsFunc(some, func(other any) bool { return reflect.DeepEqual(one, other) })
		})
	}
	if gone := without(old, now); len(gone) > 0 && len(without(now, old)) > 0 {
		l.lost[key] = gone
	}
}
