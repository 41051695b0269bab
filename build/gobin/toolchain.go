package gobin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/version"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/mod/modfile"

	"github.com/imgbuild/imgbuild/internal/leash"
)

// NoGoError says that there is no usable Go on this host.
type NoGoError struct {
	// Need is the version that go.mod asks for, such as "1.26.0".
	Need string
	// Have is what was found instead, such as "go1.19.8"; empty if nothing.
	Have string
	// Path is the go command that was tried.
	Path string
	// Err is what went wrong.
	Err error
}

func (e *NoGoError) Error() string {
	found := fmt.Sprintf("there is no go command %q (%v)", e.Path, e.Err)
	if e.Have != "" {
		found = fmt.Sprintf("%s is %s", e.Path, e.Have)
	} else if !errors.Is(e.Err, exec.ErrNotFound) {
		found = fmt.Sprintf("%s does not answer: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("compiling Go programs needs Go %s or newer, and %s; install it from https://go.dev/dl/ or give prebuilt programs with --uinit FILE and --busybox FILE", e.Need, found)
}

// Unwrap returns what went wrong.
func (e *NoGoError) Unwrap() error { return e.Err }

// toolchain is a go command that can build a module.
type toolchain struct {
	path    string
	version string // "go1.26.8", with experiments: "go1.26.8 X:…"
	tmp     string // where it compiles, if not in the system's place
	cache   string // what it compiled already, if not in the user's place
}

// toolchain finds the go command and the version it will use for a module with
// this go.mod. The answer is kept: asking costs a process, and after a
// GOTOOLCHAIN switch two.
func (b *Builder) toolchain(ctx context.Context, goMod []byte) (toolchain, error) {
	name := b.Go
	if name == "" {
		name = "go"
	}
	mod, err := modfile.ParseLax("go.mod", goMod, nil)
	if err != nil {
		return toolchain{}, fmt.Errorf("reading the Go version of go.mod: %w", err)
	}
	need := "1.0"
	if mod.Go != nil {
		need = mod.Go.Version
	}
	path, err := exec.LookPath(name)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return toolchain{}, &NoGoError{Need: need, Path: name, Err: err}
	}

	key, lasting := identity(path, goMod)
	if !lasting {
		v, err := askVersion(ctx, path, need, goMod)
		return toolchain{path: path, version: v, cache: b.BuildCache}, err
	}
	var v []byte
	err = b.Cache.Mend(func() error {
		e, err := b.Cache.Entry(ctx, "go-version", key, func(ctx context.Context, dir string) error {
			v, err := askVersion(ctx, path, need, goMod)
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, "version"), []byte(v), 0o644)
		})
		if err != nil {
			return err
		}
		v, err = e.Read("version")
		return err
	})
	if err != nil {
		return toolchain{}, err
	}
	return toolchain{path: path, version: string(v), cache: b.BuildCache}, nil
}

// identity is a key for all that decides which Go version path runs. It is
// lasting only for the go command of a Go tree: what a version manager's stand-in
// starts depends on files that only the manager knows.
func identity(path string, goMod []byte) (key string, lasting bool) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", false
	}
	release, err := os.ReadFile(filepath.Join(filepath.Dir(filepath.Dir(real)), "VERSION"))
	if err != nil {
		return "", false
	}
	info, err := os.Stat(real)
	if err != nil {
		return "", false
	}
	d := newDigest("go-version 1")
	d.bytes("go.mod", goMod)
	d.text("go", fmt.Sprint(real, info.Size(), info.ModTime().UnixNano()))
	d.bytes("VERSION", release)
	for _, name := range []string{"GOTOOLCHAIN", "GOEXPERIMENT", "GOROOT", "GOENV"} {
		d.text(name, os.Getenv(name))
	}
	// What "go env -w" has set.
	settings := os.Getenv("GOENV")
	if dir, err := os.UserConfigDir(); settings == "" && err == nil {
		settings = filepath.Join(dir, "go", "env")
	}
	if text, err := os.ReadFile(settings); err == nil {
		d.bytes("settings", text)
	}
	return d.key(), true
}

// askVersion runs the go command in a module like ours: only there does it
// switch to, or refuse for the lack of, the version that go.mod asks for.
func askVersion(ctx context.Context, path, need string, goMod []byte) (string, error) {
	var v string
	err := inScratch(func(work string) error {
		if err := os.WriteFile(filepath.Join(work, "go.mod"), goMod, 0o644); err != nil {
			return err
		}
		out, err := toolchain{path: path}.run(ctx, work, "env", "GOVERSION")
		if err != nil && ctx.Err() == nil {
			return &NoGoError{Need: need, Path: path, Have: localVersion(ctx, path), Err: err}
		}
		v = string(bytes.TrimSpace(out))
		if err == nil && version.IsValid(v) && version.Compare(v, "go"+need) < 0 {
			return &NoGoError{Need: need, Path: path, Have: v, Err: errors.New("too old")}
		}
		return err
	})
	return v, err
}

// localVersion asks an old Go, which cannot read go.mod, for its own version.
func localVersion(ctx context.Context, path string) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var out bytes.Buffer
	cmd := leash.Command(ctx, syscall.SIGKILL, path, "version")
	cmd.Dir, cmd.Stdout = os.TempDir(), &out
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local")
	err := cmd.Run()
	if fields := strings.Fields(out.String()); err == nil && len(fields) > 2 {
		return fields[2]
	}
	return ""
}
