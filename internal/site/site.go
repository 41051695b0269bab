// Package site reads site.toml, by which the owner of a box changes what the profile allows
// (spec.Site): as strictly as a profile is read, and as a whole or not at all. It knows no key of it:
// what the file can have are the fields of the machine with a tag for it (spec.SiteKey).
package site

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/imgbuild/imgbuild/internal/crosscheck"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/strict"
)

const (
	// Name is the file's path in the EFI system partition.
	Name = "site.toml"
	// MaxSize is how long it may be, in bytes.
	MaxSize = 64 << 10
)

// Read returns the machine with what the text says laid over it; m itself stays as it is. name is
// what messages call the file. Problems are everything that is found wrong, in the order of the
// text; the machine is nil unless they are but warnings.
func Read(name string, text []byte, m *spec.Machine) (*spec.Machine, problem.Problems) {
	if len(text) > MaxSize {
		return nil, problem.Problems{{Pos: problem.Pos{File: name}, Msg: fmt.Sprintf("has more than %d bytes; accepted: up to that", MaxSize)}}
	}
	doc, err := strict.Parse(name, text)
	if err != nil {
		problems, ok := err.(problem.Problems)
		if !ok {
			panic("BUG: an error of another type: " + err.Error())
		}
		return nil, problems
	}
	out := *m
	r := reader{machine: m, at: doc.At}
	r.problems, r.doubts = strict.Lay(doc.Tree, doc.At, &out, spec.SiteFields)
	r.permit("", doc.Tree, reflect.ValueOf(m).Elem(), reflect.ValueOf(&out).Elem(), "")
	before, now := fixed(m), fixed(&out)
	r.problems = append(r.problems, news(crosscheck.Machine(now, doc.At.At, r.doubts), crosscheck.Machine(before, doc.At.At, problem.Doubts{}))...)
	if r.problems.Err() == nil && enters(before) && !enters(now) {
		r.bad("user", "nobody could log in any more; accepted: a key or a password hash for somebody, and an address at which SSH listens")
	}
	problems := r.problems.In(name).Sort()
	if problems.Err() != nil {
		return nil, problems
	}
	return &out, problems
}

// fixed is a machine as it is, whatever its owner may bring another time.
func fixed(m *spec.Machine) *spec.Machine {
	now := *m
	now.Site = nil
	return &now
}

func enters(m *spec.Machine) bool { return crosscheck.EntersByConsole(m) || crosscheck.EntersBySSH(m) }

// news are the problems that the profile did not have itself.
func news(now, before problem.Problems) problem.Problems {
	return slices.DeleteFunc(now, func(p problem.Problem) bool {
		return slices.ContainsFunc(before, func(old problem.Problem) bool { return p.Key == old.Key && p.Msg == old.Msg })
	})
}

type reader struct {
	machine  *spec.Machine
	at       problem.Positions
	problems problem.Problems
	doubts   problem.Doubts
}

func (r *reader) bad(key, format string, args ...any) {
	r.doubts.Add(key)
	r.problems = append(r.problems, problem.Problem{Pos: r.at.At(key), Key: key, Msg: fmt.Sprintf(format, args...)})
}
