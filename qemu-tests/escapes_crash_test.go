package qemu_tests

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/report"
)

// The worker dies while containers run: those that start with the machine run again, those that do not are ended, and of neither anything
// is left twice.
func TestContainersAfterACrash(t *testing.T) {
	t.Parallel()
	long(t)
	image := hostileImage(t, nil)
	text := cloud + fmt.Sprintf(`
[bridge.inner]
addresses = ["192.0.2.1/24"]
[run.disk.data]
filesystem = "ext4"
label      = "data"
[mount."/srv"]
source = "LABEL=data"
type   = "ext4"
[container.web]
image   = %[1]q
command = ["/bin/sh", "-c", "echo start >> /starts; exec /bin/busybox httpd -f -p 80 -h /www"]
publish = ["8080:80"]
[container.web.root]
path = "/srv/web.img"
size = "16M"
[container.web.volume."/data"]
path = "/srv/data"
[container.wired]
image   = %[1]q
command = ["/bin/sleep", "10001"]
stop_timeout = "1s"
[container.wired.nic.eth0]
bridge    = "inner"
addresses = ["192.0.2.2/24"]
[container.hand]
image     = %[1]q
command   = ["/bin/sleep", "10002"]
autostart = false
publish   = ["8081:80"]
[packages.e2fsprogs]
files = ["/sbin/mke2fs", "/sbin/mkfs.ext4"]
`, image)
	g := extended(t, text, map[string]string{}).boots(t)
	sound := func(s *report.State) bool {
		return isUp(s) && s.Units["container:web"].State == "ok" && s.Units["container:wired"].State == "ok" && s.Units["online:lan"].State == "ok"
	}
	until(t, g, "the boot", sound)
	// What there is of containers: mounts, network interfaces, loop devices, control groups, rules, programs.
	const all = `findmnt -rno TARGET | sort; ls /sys/class/net; cat /sys/block/loop*/loop/backing_file 2>/dev/null; find /sys/fs/cgroup/work/containers -type d | sort
nft list tables 2>/dev/null; { for f in /proc/[0-9]*/cmdline; do echo $(tr '\0' ' ' < $f); done; } 2>/dev/null | grep -E '^/bin/(busybox|sleep)' | sort; ls /run/containers/web`
	before := inside(t, g, all)
	inside(t, g, "uinitctl container start hand; [[ $(< /sys/class/net/hand--host0/operstate) == up ]]")
	crash(t, g, "KILL")
	until(t, g, "the next worker's boot", func(s *report.State) bool { return hellos(s) == 2 && sound(s) })
	made := "/sys/fs/cgroup/work/containers/hand" // an empty one stays
	got := comes(t, g, all, func(now string) bool { return without(now, made) == before })
	if now := without(got, made); now != before {
		t.Errorf("after the crash there is\n%s\nand before there was\n%s", now, before)
	}
	for _, tt := range []struct{ line, want string }{
		{"uinitctl container list | grep hand", "hand*idle*-*0"},
		{"uinitctl container exec web /bin/cat /starts", "start\nstart"},
		{"uinitctl container exec web /bin/wget -qO - http://127.0.0.1/", "hello"},
		{"uinitctl container start hand | grep hand", "hand*running*10.88.*"},
	} {
		if got := inside(t, g, tt.line); !like(tt.want, got) {
			t.Errorf("%s prints\n%s\nwant %s", tt.line, got, tt.want)
		}
	}
	off(t, g)
}

// without leaves out lines that begin so.
func without(text, begin string) string {
	var left []string
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, begin) {
			left = append(left, line)
		}
	}
	return strings.Join(left, "\n")
}
