// Package answers is what the escapist is to meet on its ways out of a container: table.txt. A line is a way, what it meets as root of an
// ordinary container, as an ordinary account of one, and as root of a whole system, by errno(3); or, with / between, as kernels differ. A way
// that is open says why it reaches nobody.
package answers

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:embed table.txt
var table string

// Who tries.
const (
	Root = iota
	User
	System
)

// open stands in the table for a way that works.
const open = "open"

// row is a way's: what is met by each who tries, and why it may be open.
type row struct {
	met [3]string
	why string
}

// rows are the table's, by ways; a line that is none is a mistake of whoever wrote it.
func rows() (all map[string]row, wrong []string) {
	all = map[string]row{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) < 4 {
			wrong = append(wrong, "no row: "+line)
			continue
		}
		r := row{met: [3]string(cells[1:4]), why: strings.Join(cells[4:], "|")}
		if slices.ContainsFunc(r.met[:], isOpen) != (r.why != "") {
			wrong = append(wrong, "open without a reason, or a reason for what is shut: "+cells[0])
		}
		all[cells[0]] = r
	}
	return all, wrong
}

func isOpen(cell string) bool { return slices.Contains(strings.Split(cell, "/"), open) }

// Compare says what is otherwise than in the table in what the escapist printed: a line each.
func Compare(who int, printed string) (wrong []string) {
	all, wrong := rows()
	left := maps.Clone(all)
	for line := range strings.Lines(printed) {
		var one struct{ Way, Errno string }
		if json.Unmarshal([]byte(line), &one) != nil {
			continue
		}
		met := one.Errno
		if met == "" {
			met = open
		}
		if known, ok := all[one.Way]; !ok {
			wrong = append(wrong, fmt.Sprintf("%s: %s, and it is not in the table", one.Way, met))
		} else if !slices.Contains(strings.Split(known.met[who], "/"), met) {
			wrong = append(wrong, fmt.Sprintf("%s: %s, want %s", one.Way, met, known.met[who]))
		}
		delete(left, one.Way)
	}
	for _, way := range slices.Sorted(maps.Keys(left)) {
		wrong = append(wrong, way+": not tried")
	}
	return wrong
}
