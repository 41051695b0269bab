// Package features lists what is linked into this init: one file a feature, left out by its build tag.
package features

import (
	"errors"
	"slices"
	"sync/atomic"

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

// Crashed tells those features that have to do with it that the worker ended unasked. One of them may want the box rebooted for that.
func Crashed(reason string, reboot *atomic.Bool) (err error) {
	for _, l := range All() {
		if l.Crashed == nil {
			continue
		}
		wants, failed := l.Crashed(reason)
		err = errors.Join(err, failed)
		if wants {
			reboot.Store(true)
		}
	}
	return err
}
