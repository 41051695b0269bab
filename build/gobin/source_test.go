package gobin

import (
	"errors"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/imgbuild/imgbuild"
)

func TestFindSource(t *testing.T) {
	here, there, empty := checkout(t), checkout(t), t.TempDir()
	file := filepath.Join(here, "build/gobin/source.go")
	ours := debug.Module{Path: imgbuild.Module, Version: "v1.2.3", Sum: "h1:x"}
	inTree := debug.Module{Path: imgbuild.Module, Version: "v1.2.3-0.20260101000000-abcdef+dirty"}
	tests := []struct {
		name      string
		info      *debug.BuildInfo
		file, cwd string
		version   string
		checkout  string
	}{
		{"installed", &debug.BuildInfo{Main: ours}, "github.com/x/source.go", there, "v1.2.3", ""},
		{"a dependency of an installed program", &debug.BuildInfo{Deps: []*debug.Module{&ours}}, "", there, "v1.2.3", ""},
		{"a replaced dependency", &debug.BuildInfo{Deps: []*debug.Module{{Path: ours.Path, Version: "v1.2.3", Sum: "h1:x", Replace: &inTree}}}, file, there, "", here},
		{"compiled in a checkout", &debug.BuildInfo{Main: inTree}, file, there, "", here},
		{"without its path", &debug.BuildInfo{Main: inTree}, imgbuild.Module + "/build/gobin/source.go", filepath.Join(there, "uinit"), "", there},
		{"its checkout has gone", nil, filepath.Join(empty, "x/source.go"), there, "", there},
		{"nowhere", nil, "", empty, "", ""},
	}
	for _, tt := range tests {
		src, err := findSource(tt.info, tt.file, tt.cwd)
		if tt.version == "" && tt.checkout == "" {
			if !errors.Is(err, ErrNoSource) {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		if err != nil || src.release.version != tt.version || src.checkout != tt.checkout {
			t.Errorf("%s: version %q, checkout %q, %v; want %q, %q", tt.name, src.release.version, src.checkout, err, tt.version, tt.checkout)
		}
	}
}
