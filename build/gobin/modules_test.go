package gobin

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"

	"github.com/imgbuild/imgbuild"
)

// What a program was compiled from is found by the hash that it was compiled with, and no other is taken for it.
func TestSources(t *testing.T) {
	f, err := modfile.Parse("go.mod", imgbuild.GoMod, nil)
	if err != nil {
		t.Fatal(err)
	}
	var m Module
	for _, r := range f.Require {
		if r.Mod.Path == "golang.org/x/sync" {
			m = Module{r.Mod.Path, r.Mod.Version, sumOf(imgbuild.GoSum, r.Mod.Path, r.Mod.Version)}
		}
	}
	b, _ := newBuilder(t)
	err = b.Sources(t.Context(), []Module{m}, func(dirs map[string]string) error {
		_, err := os.Stat(filepath.Join(dirs[m.String()], "errgroup/errgroup.go"))
		_, other := os.Stat(filepath.Join(dirs["go"], "src/runtime/proc.go"))
		return errors.Join(err, other)
	})
	if err != nil {
		t.Error(err)
	}
	m.Sum = "h1:other"
	err = b.Sources(t.Context(), []Module{m}, func(map[string]string) error { t.Error("it was used"); return nil })
	if err == nil || !strings.Contains(err.Error(), "and was compiled with h1:other") {
		t.Errorf("another hash: %v", err)
	}
}
