package qemu_tests

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/oci/ocitest"
	"github.com/imgbuild/imgbuild/internal/report"
)

// Thirty containers start together, each with a port of a bridge, and each answers. One whose image is not what the build wrote does not start,
// and says why; the others run on.
func TestThirtyContainers(t *testing.T) {
	t.Parallel()
	long(t)
	layout := ocitest.Busybox(t, nil)
	var text strings.Builder
	text.WriteString(cloud + `
[packages.bash]
[bridge.br0]
addresses = ["192.0.2.1/24"]
[boot]
unit_timeout = "4m"
[run]
memory = "1G"
`)
	const many = 30
	for n := range many {
		fmt.Fprintf(&text, "[container.c%[1]d]\nimage = %[2]q\nready = { port = 80 }\nmemory = \"16M\"\n[container.c%[1]d.nic.eth0]\nbridge = \"br0\"\naddresses = [\"192.0.2.%[3]d/24\"]\n",
			n, layout+":busybox", 10+n)
	}
	fmt.Fprintf(&text, "[container.damaged]\nimage = %q\nautostart = false\n", ocitest.Busybox(t, map[string]string{"etc/other": "than theirs\n"})+":busybox")
	g := extended(t, text.String(), map[string]string{}).boots(t)
	s := until(t, g, "thirty containers", func(s *report.State) bool {
		for n := range many {
			if s.Units[fmt.Sprintf("container:c%d", n)].State != "ok" {
				return false
			}
		}
		return true
	})
	first, last := unitAt(t, s, "containers", "ok").Uptime, 0.0
	for n := range many {
		last = max(last, unitAt(t, s, fmt.Sprintf("container:c%d", n), "ok").Uptime)
	}
	t.Logf("thirty containers were there %.1f s after the first could start", last-first)
	got := inside(t, g, fmt.Sprintf("for ((n = 10; n < %d; n++)); do wget -qO- http://192.0.2.$n/; done | sort | uniq -c; grep -c squashfs /proc/mounts; uinitctl status | grep -c 'container:.*ok'", 10+many))
	// They share a layer: it is mounted once, beside /usr.
	if !like(fmt.Sprintf("*%d served by a container\n2\n%[1]d", many), got) {
		t.Errorf("they serve\n%s", got)
	}
	if got := inside(t, g, `layer=$(grep -o '/var[^"]*squashfs' /var/lib/containers/damaged.json)
printf x | dd of=$layer bs=1 seek=9000 conv=notrunc 2>/dev/null; uinitctl container start damaged 2>&1; uinitctl container | grep -c running`); !like(fmt.Sprintf("*it is damaged: its SHA-256 is *%d", many), got) {
		t.Errorf("with a damaged image it says\n%s", got)
	}
	inside(t, g, "for ((n = 0; n < 30; n++)); do uinitctl container stop c$n & done >/dev/null; wait")
	// The kernel takes networks away a moment after their last process.
	comes(t, g, "ls /sys/class/net | grep -c -- --; pgrep httpd | wc -l; :", func(got string) bool { return got == "0\n0" })
}
