// Package features lists what is linked into this init: one file a feature, left out by its build tag.
package features

import "github.com/imgbuild/imgbuild/uinit/feature"

// list is complete before main begins.
var list []feature.Linked

func add(l feature.Linked) { list = append(list, l) }

// All are the features of this init, in the order of their files.
func All() []feature.Linked { return list }
