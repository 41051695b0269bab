package qemu_tests

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/profiles"
)

// boot.memory_min is a number that somebody measured. A machine with just so much holds what the profile promises.
func TestLeastMemory(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(profiles.FS, "*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d profiles, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".toml"), func(t *testing.T) {
			long(t)
			a := shipped(t, strings.TrimSuffix(file, ".toml"))
			if a.profile.Boot.MemoryMin == 0 {
				t.Fatal("boot.memory_min is not stated")
			}
			a.options.Run.Memory = a.profile.Boot.MemoryMin
			a.prove(t)
		})
	}
}
