package gobin

import (
	"os"
	"strings"
	"testing"
)

// imgbuild itself is compiled as what goes into images is, where both go through the Makefile: Go's own packages are compiled once.
func TestCompilesLikeTheMakefile(t *testing.T) {
	script, err := os.ReadFile("../../.ci/compile")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range append([]string{"CGO_ENABLED=0"}, compileFlags...) {
		if !strings.Contains(string(script), word) {
			t.Errorf(".ci/compile lacks %s", word)
		}
	}
}
