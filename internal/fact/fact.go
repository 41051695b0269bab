// Package fact declares facts: what the init makes known of the running machine, by a name and with a type. A feature
// declares its facts in its pure half and publishes them by these declarations, so that their names, types, units and
// meanings are known before anything boots.
package fact

import (
	"encoding/json"
	"slices"
	"strings"
)

// Value is what a fact may be.
type Value interface {
	bool | int | int64 | float64 | string | []string | []int
}

// One is a fact that a machine has once. Its name has parts, with dots between them: "boot.state". Declarations are
// composite literals, which the linker leaves out of an init that has no use for them; they stand in packages called
// plan, and nowhere else (internal/features tests that).
type One[T Value] struct{ Name string }

// Each is a fact that each row of a table has. A part of its name in capitals stands for the row's name:
// "link.NAME.carrier".
type Each[T Value] struct{ Pattern string }

// Pair is a fact of rows within rows: "wireguard.NAME.PEER.connected".
type Pair[T Value] struct{ Pattern string }

// Of is the fact of one row.
func (f Each[T]) Of(row string) One[T] { return One[T]{fill(f.Pattern, row)} }

// Of is the fact of one row within another.
func (f Pair[T]) Of(outer, inner string) One[T] { return One[T]{fill(f.Pattern, outer, inner)} }

// Is states the fact.
func (f One[T]) Is(value T) Fact { return Fact{f.Name, listed(value)} }

// Read is the fact's value out of a report. It says no to one that is not of the fact's type, nil among them.
func (One[T]) Read(value any) (v T, ok bool) {
	b, err := json.Marshal(value)
	return v, value != nil && err == nil && json.Unmarshal(b, &v) == nil
}

// Fact is a fact as it is published. Only declarations make one.
type Fact struct {
	name  string
	value any
}

// Name is the fact's, rows filled in.
func (f Fact) Name() string { return f.name }

// Value is of one of the types of Value. Lists are never nil.
func (f Fact) Value() any { return f.value }

// Same says whether a value is that of a fact, which knows its own type: by reflection the init would be 12 kB larger.
func (f Fact) Same(value any) bool {
	switch v := f.value.(type) {
	case []string:
		other, ok := value.([]string)
		return ok && slices.Equal(v, other)
	case []int:
		other, ok := value.([]int)
		return ok && slices.Equal(v, other)
	}
	switch value.(type) {
	case []string, []int: // == panics on two lists, and on one it is false
		return false
	}
	return f.value == value
}

// listed makes lists of nothing: JSON would say null.
func listed(value any) any {
	switch v := value.(type) {
	case []string:
		if v == nil {
			return []string{}
		}
	case []int:
		if v == nil {
			return []int{}
		}
	}
	return value
}

// fill puts rows into a name, in their order.
func fill(name string, rows ...string) string {
	parts := strings.Split(name, ".")
	for i, part := range parts {
		if len(rows) > 0 && placeholder(part) {
			parts[i], rows = rows[0], rows[1:]
		}
	}
	return strings.Join(parts, ".")
}

// placeholder says whether a part of a name stands for that of a row: it is in capitals.
func placeholder(part string) bool {
	return part != "" && strings.Trim(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}
