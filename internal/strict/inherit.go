package strict

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// Inherited is the member of a list that stands for what the file that is extended has there. Where it still stands when a
// document is decoded, nothing was.
const Inherited = "inherited"

const (
	noList  = "stands for a list that is inherited, and none is"
	noTable = "takes nothing away: no such table is inherited"
)

// Misses says whether a problem is that nothing is inherited: it only follows where what is extended is not known.
func Misses(p problem.Problem) bool {
	return strings.HasPrefix(p.Msg, noList) || strings.HasPrefix(p.Msg, noTable)
}

// nothingToTake tells of a false in the place of a table, which would take one away that is inherited: none is. Beside it lie the
// tables of siblings.
func (d *decoder) nothingToTake(path, word string, siblings map[string]any) {
	var inherited []string
	parent := path[:len(path)-len(problem.JoinKey("", word))]
	for _, name := range slices.Sorted(maps.Keys(siblings)) {
		if d.at.Key[parent+problem.JoinKey("", name)].Depth > d.place(path).Depth {
			inherited = append(inherited, name)
		}
	}
	accepted := "a table"
	if len(inherited) > 0 {
		accepted += ", or false for one of " + strings.Join(inherited, ", ")
	}
	d.wrong(path, noTable+"%s; accepted: %s", suggest.DidYouMean(word, inherited), accepted)
}

// takesAway says whether a value would take a table away: false in the place of one, in a whole document.
func (d *decoder) takesAway(got any, t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return got == false && d.part == nil && (t.Kind() == reflect.Map || t.Kind() == reflect.Struct && !isText(reflect.Zero(t)))
}
