package gobin

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"

	"github.com/imgbuild/imgbuild"
)

// installedMain stands for cmd/imgbuild: it builds both programs in the current
// directory and prints what they are.
const installedMain = `package main

import (
	"context"
	"encoding/json"
	"os"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/gobin"
)

func main() {
	store, err := cache.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	b := &gobin.Builder{Cache: store}
	uinit, err := b.Uinit(context.Background())
	if err != nil {
		panic(err)
	}
	busybox, err := b.Busybox(context.Background(), []string{"true"})
	if err != nil {
		panic(err)
	}
	json.NewEncoder(os.Stdout).Encode([]any{uinit.Path, busybox.Path, uinit})
}
`

// A program that "go install …@version" put somewhere builds uinit and the
// busybox of its version in an empty directory.
func TestInstalledRelease(t *testing.T) {
	if os.Getenv("IMGBUILD_TEST_FULL") == "" {
		t.Skip("installs the builder from a module proxy of its own, which compiles all once more: make test-full runs it")
	}
	dir := t.TempDir()
	v := module.Version{Path: imgbuild.Module, Version: "v0.0.1"}
	publish(t, filepath.Join(dir, "proxy"), v, releaseTree(t))

	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) []byte {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = empty
		cmd.Env = append(os.Environ(),
			"GOPROXY=file://"+filepath.Join(dir, "proxy")+",file://"+filepath.Join(goEnv(t, "GOMODCACHE"), "cache", "download"),
			// In a module cache of its own: this version was never published.
			"GOMODCACHE="+filepath.Join(dir, "modules"), "GOBIN="+dir, "GOSUMDB=off", "GOFLAGS=-modcacherw")
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("running %s %q: %v\n%s", name, args, err, stderr.String())
		}
		return out
	}
	t.Cleanup(func() { _ = exec.Command("chmod", "-R", "u+w", filepath.Join(dir, "modules")).Run() })
	run("go", "install", v.Path+"/cmd/installed@"+v.Version)

	var uinit Binary
	var uinitPath, busyboxPath string
	answer := run(filepath.Join(dir, "installed"), filepath.Join(dir, "cache"))
	if err := json.Unmarshal(answer, &[]any{&uinitPath, &busyboxPath, &uinit}); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	if got := output(t, uinitPath); got != "released" {
		t.Errorf("uinit prints %q", got)
	}
	if out, err := exec.Command(busyboxPath, "true").CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("true: %v, %q", err, out)
	}
	if !slices.ContainsFunc(uinit.Modules, func(m Module) bool {
		return m.Path == v.Path && m.Version == v.Version && strings.HasPrefix(m.Sum, "h1:")
	}) {
		t.Errorf("no %v with its sum among %v", v, uinit.Modules)
	}
	if left, err := os.ReadDir(empty); err != nil || len(left) > 0 {
		t.Errorf("left in the current directory: %v, %v", left, err)
	}
}

// releaseTree is this module cut down to the builder, with a small uinit.
func releaseTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	names := []string{"go.mod", "go.sum", "imgbuild.go"}
	err := fs.WalkDir(imgbuild.Shared, ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// What installedMain imports, and all that this stands on; the builder's own with the files that it embeds.
	list := exec.Command("go", "list", "-deps", "-f", "{{if .Module}}{{if .Module.Main}}{{.ImportPath}}{{end}}{{end}}", "./build/gobin/...", "./build/cache", "./internal/progress")
	list.Dir = "../.."
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	root := os.DirFS("../..")
	for path := range strings.FieldsSeq(string(out)) {
		pattern := strings.TrimPrefix(strings.TrimPrefix(path, imgbuild.Module), "/") + "/*"
		found, err := fs.Glob(root, pattern)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	for _, name := range names {
		text, err := fs.ReadFile(root, name)
		if strings.HasSuffix(name, "_test.go") || err != nil {
			continue // a test or a directory
		}
		writeFiles(t, dir, map[string]string{name: string(text)})
	}
	writeFiles(t, dir, map[string]string{
		"uinit/main.go":         "package main\n\nfunc main() { print(\"released\") }\n",
		"cmd/installed/main.go": installedMain,
	})
	return dir
}

// publish puts a version into a module proxy (https://go.dev/ref/mod#goproxy-protocol).
func publish(t *testing.T, proxy string, v module.Version, tree string) {
	t.Helper()
	dir := filepath.Join(proxy, v.Path, "@v")
	goMod, err := os.ReadFile(filepath.Join(tree, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	writeFiles(t, dir, map[string]string{
		"list":              v.Version + "\n",
		v.Version + ".info": `{"Version":"` + v.Version + `"}`,
		v.Version + ".mod":  string(goMod),
	})
	f, err := os.Create(filepath.Join(dir, v.Version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := zip.CreateFromDir(f, v, tree); err != nil {
		t.Fatal(err)
	}
}
