package main

import (
	"testing"

	"github.com/imgbuild/imgbuild/uinit/feature"
)

// An init that was built for another machine says what it lacks; what is there is not told.
func TestMissingFeaturesFail(t *testing.T) {
	units := missing([]string{"array", "vm"}, []feature.Linked{{Name: "vm"}, {Name: "share"}})
	if len(units) != 1 || units[0].Name != "array" || units[0].Run(t.Context()) == nil {
		t.Errorf("got %+v", units)
	}
}
