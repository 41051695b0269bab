// Package features lists what is linked into this init: one file a feature, left out by its build tag.
package features

import (
	"slices"

	"github.com/imgbuild/imgbuild/uinit/feature"
)

// list is complete before main begins.
var list []feature.Linked

func add(l feature.Linked) { list = append(list, l) }

// All are the features of this init, in the order of their files.
func All() []feature.Linked { return list }

// Words are these and all that the features add to what uinitctl understands.
func Words(words []feature.Word) []feature.Word {
	words = slices.Clone(words)
	for _, l := range All() {
		words = append(words, l.Words...)
	}
	return words
}

// Crashed is told by PID 1, in a process without the worker, that the worker ended unasked. It sends where the box is to reboot for that at
// once. nil: no feature has a part in this.
var Crashed func(reason string, reboot chan<- struct{}) error
