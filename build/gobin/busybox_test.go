package gobin

import (
	"debug/buildinfo"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestBusyboxDispatch(t *testing.T) {
	b, _ := newBuilder(t)
	bin, err := b.Busybox(t.Context(), []string{"echo", "lspci", "false"})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args   []string
		stdout string
		status int
	}{
		{args: []string{"/bin/echo", "a", "b"}, stdout: "a b\n"},
		{args: []string{"false"}, status: 1},
		{args: []string{"-false"}, status: 1},
		{args: []string{"/bin/busybox", "echo", "x"}, stdout: "x\n"},
		{args: []string{"lspci", "-x", "-y"}, status: 2},
		{args: []string{"vi"}, status: 127},
		{args: []string{"vi", "nano"}, status: 127},
	}
	for _, tt := range tests {
		cmd := exec.Command(bin.Path)
		cmd.Args = tt.args
		out, err := cmd.Output()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if string(out) != tt.stdout || cmd.ProcessState.ExitCode() != tt.status {
			t.Errorf("%q: %q, status %d; want %q, status %d", tt.args, out, cmd.ProcessState.ExitCode(), tt.stdout, tt.status)
		}
	}
}

func TestBusyboxRecord(t *testing.T) {
	b, steps := newBuilder(t)
	first, err := b.Busybox(t.Context(), []string{"true", "echo"})
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(first.Path)
	if err != nil {
		t.Fatal(err)
	}
	if first.GoVersion != info.GoVersion {
		t.Errorf("Go version %q, its build information says %q", first.GoVersion, info.GoVersion)
	}
	for _, s := range info.Settings {
		if s.Key == "DefaultGODEBUG" {
			t.Errorf("built with the defaults of an older Go: %s", s.Value)
		}
	}
	// The commands' code is copied, so the compiler does not see its module.
	i := slices.IndexFunc(first.Modules, func(m Module) bool { return m.Path == "github.com/u-root/u-root" })
	if i < 0 || !strings.HasPrefix(first.Modules[i].Sum, "h1:") || !strings.HasPrefix(first.Modules[i].Version, "v") {
		t.Errorf("no u-root with version and sum among %v", first.Modules)
	}

	second, err := b.Busybox(t.Context(), []string{"echo", "true", "echo"})
	if err != nil {
		t.Fatal(err)
	}
	if second.Path != first.Path || second.SHA256 != first.SHA256 || steps.count() != 1 {
		t.Errorf("the same commands were compiled %d times: %s, %s", steps.count(), first.Path, second.Path)
	}

	if err := os.Truncate(first.Path, 100); err != nil {
		t.Fatal(err)
	}
	third, err := b.Busybox(t.Context(), []string{"echo", "true"})
	if err != nil {
		t.Fatal(err)
	}
	if third.SHA256 != first.SHA256 || steps.count() != 2 || len(steps.notes) != 1 {
		t.Errorf("a damaged entry: %+v after %d compilations, notes %q", third, steps.count(), steps.notes)
	}
}

func TestBusyboxUnknownCommand(t *testing.T) {
	b, _ := newBuilder(t)
	_, err := b.Busybox(t.Context(), []string{"pwd", "lss"})
	var unknown *UnknownCommandError
	if !errors.As(err, &unknown) || unknown.Name != "lss" {
		t.Errorf("got %v", err)
	}
}

func TestBusyboxAtOnce(t *testing.T) {
	b, steps := newBuilder(t)
	var wg sync.WaitGroup
	var sums [4]string
	for i := range sums {
		wg.Go(func() {
			bin, err := b.Busybox(t.Context(), []string{"pwd", "true"})
			if err != nil {
				t.Error(err)
			}
			sums[i] = bin.SHA256
		})
	}
	wg.Wait()
	if steps.count() != 1 || len(slices.Compact(sums[:])) != 1 {
		t.Errorf("%d compilations, %v", steps.count(), sums)
	}
}

// Everything on offer goes into one busybox: no two packages clash, and the
// rewriter copes with all of them.
func TestEveryCommandCompiles(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles 100 commands: left out by -short")
	}
	b, _ := newBuilder(t)
	var names []string
	for _, c := range Commands() {
		if !c.Applet() {
			names = append(names, c.Name)
		}
	}
	bin, err := b.Busybox(t.Context(), names)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(bin.Path, "true").CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("true: %v, %q", err, out)
	}
}

// The same bytes come from another directory, an empty build cache, another
// module cache, another mask and another user.
func TestBusyboxIsReproducible(t *testing.T) {
	if os.Getenv("IMGBUILD_TEST_FULL") == "" {
		t.Skip("compiles the standard library again: make test-full runs it")
	}
	// By HTTP, since another user may not read our files.
	proxy := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(goEnv(t, "GOMODCACHE"), "cache", "download"))))
	defer proxy.Close()
	build := func(name string, umask int, credential *syscall.Credential, env ...string) string {
		// Not t.TempDir: its parent shuts other users out.
		dir, err := os.MkdirTemp("", "imgbuild-"+name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = exec.Command("chmod", "-R", "u+w", dir).Run() // the module cache is read-only
			os.RemoveAll(dir)
		})
		self := copySelf(t, dir)
		if credential != nil {
			if err := os.Chown(dir, int(credential.Uid), int(credential.Gid)); err != nil {
				t.Fatal(err)
			}
		}
		old := syscall.Umask(umask)
		defer syscall.Umask(old)
		cmd := exec.Command(self)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), buildVariable+"=sh pwd true", "TMPDIR="+dir)
		for _, e := range env {
			cmd.Env = append(cmd.Env, strings.ReplaceAll(e, "DIR", dir))
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("building under %s: %v\n%s", name, err, out)
		}
		return string(out)
	}
	want := build("plain", 0o022, nil)
	if len(want) != 64 {
		t.Fatalf("not a hash: %s", want)
	}
	var other *syscall.Credential
	if os.Getuid() == 0 {
		other = &syscall.Credential{Uid: 65534, Gid: 65534}
	} else {
		t.Log("not root: the same user builds twice")
	}
	// Its GOFLAGS would change the program if they were let through.
	got := build("other", 0o077, other, "HOME=DIR", "GOCACHE=DIR/gocache", "GOMODCACHE=DIR/modules",
		"GOPROXY="+proxy.URL, "GONOSUMDB=*", "GOFLAGS=-tags=other -trimpath=false", "GOAMD64=v3", "GOENV=off")
	if got != want {
		t.Errorf("another folder, cache, mask and user: %s, want %s", got, want)
	}
}

// copySelf puts the test program where another user may run it.
func copySelf(t *testing.T, dir string) string {
	t.Helper()
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "gobin.test")
	if err := os.WriteFile(file, self, 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatalf("reading go env %s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}
