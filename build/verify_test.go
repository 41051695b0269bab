package build

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/internal/features"
)

// Verify finds two builds of the same inputs the same, and one of others not; of the first build's cache
// it believes nothing.
func TestVerify(t *testing.T) {
	dir, p := buildtest.World(t, "[image]\ncommands = []\n")
	e := env(t, shared)
	uinit, err := e.Go.Uinit(t.Context(), features.Without(p.Description())...)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(uinit.Path)
	if err != nil {
		t.Fatal(err)
	}
	prebuilt := filepath.Join(dir, "uinit")
	buildtest.Write(t, prebuilt, string(text))
	e = env(t, filepath.Join(dir, "cache"))
	e.Go.UinitFile = prebuilt
	made, err := e.Build(t.Context(), p, filepath.Join(dir, "out"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Verify(t.Context(), p, Options{}, made); err != nil {
		t.Errorf("the same inputs: %v", err)
	}
	buildtest.Write(t, prebuilt, string(text)+"more")
	var different *DifferenceError
	if err := e.Verify(t.Context(), p, Options{}, made); !errors.As(err, &different) || different.Name != "box-initrd.img" || different.First != made[1].SHA256 {
		t.Errorf("another init: %v", err)
	}
}
