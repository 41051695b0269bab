package qemu_tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/qemu-tests/escapist/answers"
)

// hostileImage is a container image as an OCI layout, tagged 1: busybox, which answers any name that it has, the escapist, and files and
// links besides. The escapist is what it runs.
func hostileImage(t *testing.T, links map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	root, layout := filepath.Join(dir, "root"), filepath.Join(dir, "layout")
	busybox, err := os.ReadFile(needed.Program(t, "busybox"))
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{"bin/busybox": busybox, "bin/escapist": compiled(t, "./escapist"), "etc/passwd": []byte("root:x:0:0::/:/bin/sh\nweb:x:1000:1000::/:/bin/sh\n"), "www/index.html": []byte("hello\n")} {
		at := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, body, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"sh", "cat", "httpd", "sleep", "hostname", "nc", "wget", "true"} {
		if err := os.Symlink("busybox", filepath.Join(root, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range links {
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"init", "--layout", layout}, {"new", "--image", layout + ":1"}, {"insert", "--rootless", "--image", layout + ":1", root, "/"},
		{"config", "--image", layout + ":1", "--config.cmd", "/bin/escapist", "--architecture", "amd64", "--os", "linux"},
	} {
		if out, err := exec.Command(needed.Program(t, "umoci"), args...).CombinedOutput(); err != nil {
			t.Fatalf("umoci %q: %v\n%s", args, err, out)
		}
	}
	return layout + ":1"
}

// No way that is known leads out of a container of a box, whoever is in it.
func TestEscapes(t *testing.T) {
	t.Parallel()
	text := cloud + `
[image]
overlays = ["headless", "files"]
[run.disk.data]
filesystem = "ext4"
label      = "data"
[mount."/srv"]
source = "LABEL=data"
type   = "ext4"
`
	image := hostileImage(t, nil)
	for name, more := range map[string]string{"root": "", "user": `user = "web"`, "system": "system = true"} {
		text += fmt.Sprintf(`
[container.%[1]s]
image     = %[2]q
command   = ["/bin/sh", "-c", "/bin/escapist > /data/said; exec sleep 10000"]
restart   = "never"
stop_timeout = "100ms"
autostart = false
%[3]s
[container.%[1]s.tmpfs]
"/tmp" = "8M"
[container.%[1]s.volume."/shown"]
path      = "/srv/shown"
read_only = true
[container.%[1]s.volume."/data"]
path = "/srv/%[1]s"
`, name, image, more)
	}
	g := extended(t, text, map[string]string{"files/etc/box": ""}).boots(t)
	until(t, g, "the boot", isBooted)
	for who, name := range []string{answers.Root: "root", answers.User: "user", answers.System: "system"} {
		inside(t, g, "mkdir -p /srv/"+name+"; chmod 777 /srv/"+name+"; uinitctl container start "+name)
		said := "/srv/" + name + "/said"
		prints(t, g, "tail -n 1 "+said, "tried")
		for _, wrong := range answers.Compare(who, inside(t, g, "head -n 100 "+said)+"\n"+inside(t, g, "tail -n +101 "+said)) {
			t.Errorf("%s: %s", name, wrong)
		}
	}
	others := "\n" + escaped("inotify", "", "aio", "") + "\n1"
	for _, tt := range []struct{ line, want string }{
		{"uinitctl container exec root /bin/escapist 'a file left open' 'change /dev/null' keyctl 'terminal input'", escaped("a file left open", "none", "change /dev/null", "EPERM", "keyctl", "EPERM", "terminal input", "ENOTTY")},
		// What the kernel has for all, or counts as root's: who takes as much as there is leaves others some.
		{held("system", "groups", 2000), "1022 EAGAIN" + others}, {held("system", "inotify", 4000), "4000 none" + others},
		{held("system", "aio", 40), "40 none" + others}, {held("system", "mnt", 3000), "3000 none" + others},
		{held("system", "net", 1), "0 EPERM" + others},
	} {
		if got := inside(t, g, tt.line); !like(tt.want, got) {
			t.Errorf("%s prints\n%s\nwant %s", tt.line, got, tt.want)
		}
	}
	off(t, g)
}

// held has a container take so many of something, starts another one meanwhile that needs some of it, and says what the former got.
func held(name, what string, times int) string {
	return fmt.Sprintf(`rm -f /tmp/held /tmp/met; mkfifo /tmp/held; exec 9<> <(:)
uinitctl container exec %s /bin/escapist 'take %s' %d <> /tmp/held > /tmp/met 2>&1 & job=$!
while ! grep -q took /tmp/met && kill -0 $job; do read -rt 0.1 -u 9; done; cut -d ' ' -f 2,3 /tmp/met
uinitctl container exec root /bin/escapist inotify aio; uinitctl container restart user | grep -c running; kill $job`, name, what, times)
}

// escaped is what the escapist prints of ways and what they meet.
func escaped(ways ...string) string {
	var all strings.Builder
	for pair := range slices.Chunk(ways, 2) {
		fmt.Fprintf(&all, "{\"Way\":%q,\"Errno\":%q}\n", pair[0], pair[1])
	}
	return all.String() + "tried"
}
