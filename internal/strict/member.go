package strict

import (
	"fmt"
	"net/netip"
	"reflect"

	"github.com/imgbuild/imgbuild/internal/problem"
)

// once tells of a member of a list that stands in it already: it says nothing, and was perhaps meant to be another one.
func (d *decoder) once(path string, list reflect.Value, i int, f field) {
	at := problem.JoinIndex(path, i)
	if f.twice == "fine" || !list.Index(i).Comparable() || list.Index(i).IsZero() || d.doubts.About(at) {
		return
	}
	for j := range i {
		if list.Index(j).Equal(list.Index(i)) {
			d.problems = append(d.problems, problem.Problem{Pos: d.place(at), Key: at, Warning: f.twice != "refused",
				Msg: f.shown(list.Index(i)) + " is there already; accepted: each once"})
			return
		}
	}
}

// shown is a value that was read, unless it is a secret.
func (f field) shown(v reflect.Value) string {
	if f.secret {
		return "it"
	}
	return fmt.Sprintf("%v", v)
}

// addressIn is the address in a value of one of the standard library's types.
func addressIn(v reflect.Value) (a netip.Addr, is bool) {
	switch v := v.Interface().(type) {
	case netip.Addr:
		return v, true
	case netip.AddrPort:
		return v.Addr(), true
	case netip.Prefix:
		return v.Addr(), true
	}
	return a, false
}
