// Package ocitest makes container images with the tools that others make them with.
package ocitest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/needed"
)

// run runs a program to its end, and returns what it printed.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(needed.Program(t, name), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return string(out)
}

// Busybox makes a layout with an image tagged busybox: that program under all of its names, what containers expect to be there, and files
// of the test's own. It runs a web server, as the account www, that serves /srv/www at port 80.
func Busybox(t testing.TB, files map[string]string) (layout string) {
	t.Helper()
	dir := t.TempDir()
	root, layout := filepath.Join(dir, "root"), filepath.Join(dir, "layout")
	program, err := os.ReadFile(needed.Program(t, "busybox"))
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, body string) {
		at := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(body), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("bin/busybox", string(program))
	write("etc/passwd", "root:x:0:0::/root:/bin/sh\nwww:x:33:33::/srv:/bin/sh\n")
	write("etc/group", "root:x:0:\nwww:x:33:\n")
	write("srv/www/index.html", "served by a container\n")
	for name, body := range files {
		write(name, body)
	}
	for _, name := range []string{"root", "tmp", "proc", "sys", "dev", "run"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name := range strings.FieldsSeq(run(t, "busybox", "--list")) {
		if err := os.Symlink("busybox", filepath.Join(root, "bin", name)); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
	run(t, "umoci", "init", "--layout", layout)
	image := layout + ":busybox"
	run(t, "umoci", "new", "--image", image)
	run(t, "umoci", "insert", "--rootless", "--image", image, root, "/")
	run(t, "umoci", "config", "--image", image, "--config.user", "www", "--config.env", "PATH=/bin", "--config.label", "org.opencontainers.image.licenses=GPL-2.0-only",
		"--config.cmd", "httpd", "--config.cmd", "-f", "--config.cmd", "-p", "--config.cmd", "80", "--config.cmd", "-h", "--config.cmd", "/srv/www")
	return layout
}

// Push copies an image of a layout to a registry, by skopeo.
func Push(t testing.TB, layout, tag, registry, name string) {
	t.Helper()
	run(t, "skopeo", "copy", "--quiet", "--insecure-policy", "--dest-tls-verify=false", "oci:"+layout+":"+tag, "docker://"+registry+"/"+name)
}
