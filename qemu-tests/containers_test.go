package qemu_tests

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/build/oci/ocitest"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

// harbour is a box with two bonded cards, a VLAN and bridge each, and containers of an image that lies in a registry.
func harbour(t *testing.T) appliance {
	t.Helper()
	registry, _ := buildtest.Registry(t)
	ocitest.Push(t, ocitest.Busybox(t, map[string]string{
		"etc/inittab": "::sysinit:/bin/sh -c \"echo boot >>/boots\"\n::respawn:/bin/sleep 1000\n::shutdown:/bin/touch /ended\n",
		"sbin/init":   "#!/bin/sh\nexec /bin/busybox init\n",
	}), "busybox", registry, "harbour/busybox:1")
	return extended(t, cloud+strings.ReplaceAll(`
[packages.bash]
[ethernet.lan]
dhcp4     = false
addresses = ["203.0.113.1/24"]
dns       = ["203.0.113.53"]
[ethernet.a]
match = { index = 1 }
[ethernet.b]
match = { index = 2 }
[bond.bond0]
ports   = ["a", "b"]
primary = "a"
[vlan."bond0.20"]
parent = "bond0"
id     = 20
[vlan."bond0.30"]
parent = "bond0"
id     = 30
no_address = true
[bridge.br20]
ports      = ["bond0.20"]
no_address = true
[mount."/srv"]
source = "/dev/vda"
type   = "ext4"
create = true
[container.web]
image = "IMAGE"
ready = { port = 80 }
[container.web.nic.eth0]
bridge    = "br20"
addresses = ["192.0.2.10/24", "2001:db8::10/64"]
gateways  = ["192.0.2.1"]
[container.beside]
image = "IMAGE"
[container.beside.nic.eth0]
link  = "bond0.30"
dhcp4 = true
ra    = true
[container.led]
image   = "IMAGE"
publish = ["8080:80"]
needs   = ["container:web"]
[container.files]
image   = "IMAGE"
user    = "root"
command = ["/bin/sh", "-c", "trap 'echo stopped >>/data/log; exit 0' TERM; echo started >>/data/log; cat /etc/resolv.conf; while :; do sleep 1 & wait; done"]
memory  = "24M"
pids    = 10
cpu     = 0.5
tmpfs   = { "/tmp" = "64M" }
[container.files.volume."/data"]
path = "/srv/files"
[container.sys]
image       = "IMAGE"
user        = "root"
system      = true
command     = ["/sbin/init"]
root        = { path = "/srv/roots/sys.img", size = "16M" }
stop_signal = "USR2"
[container.hungry]
image     = "IMAGE"
command   = ["/bin/sh", "-c", "x=0123456789abcdef; while :; do x=$x$x; done"]
memory    = "16M"
restart   = "never"
autostart = false
[container.later]
image     = "IMAGE"
autostart = false
[boot]
unit_timeout = "2m"
`, "IMAGE", "oci://"+registry+"/harbour/busybox:1"), map[string]string{})
}

// docked starts it with its cables and a disk.
func docked(t *testing.T, box appliance, office, a, b *lan.Segment) *qemu.Guest {
	t.Helper()
	vm, err := boot.Prepare(t.Context(), box.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	vm.Config.Disks = append(vm.Config.Disks, qemu.Disk{ID: "srv", Path: blank(t, t.TempDir(), "srv")})
	vm.Config.NICs = nil
	for i, s := range []*lan.Segment{office, a, b} {
		cable, err := s.Cable()
		if err != nil {
			t.Fatal(err)
		}
		vm.Config.NICs = append(vm.Config.NICs, qemu.NIC{Backend: cable, MAC: qemu.MAC(i)})
	}
	return start(t, vm.Config)
}

// A host with two bonded cards, a VLAN and bridge each: its containers have addresses there, ports of the host, files on its disk and limits;
// one is a system with an init of its own. They end before what they stand on.
func TestContainers(t *testing.T) {
	t.Parallel()
	office, a, b := segment(t), segment(t), segment(t)
	g := docked(t, harbour(t), office, a, b)
	client4, far4 := netip.MustParseAddr("203.0.113.2"), netip.MustParseAddr("192.0.2.1")
	client, far := office.Host(2, client4), a.VLAN(20).Host(3, far4)
	server := a.VLAN(30).Host(4, netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("fe80::1"))
	leases := server.DHCP4()
	leases.Lend(netip.MustParsePrefix("198.51.100.40/24"), time.Hour)
	prefix := netip.MustParsePrefix("2001:db8:30::/64")
	defer server.Advertise(lan.Advertisement{Prefixes: []netip.Prefix{prefix}, Valid: time.Hour}, 0, time.Second)()
	for _, name := range []string{"web", "beside", "led", "files", "sys"} {
		until(t, g, name, func(s *report.State) bool { return s.Units["container:"+name].State == "ok" })
	}
	for _, tt := range []struct {
		host *lan.Host
		from netip.Addr
		to   string
	}{{far, far4, "192.0.2.10:80"}, {client, client4, "203.0.113.1:8080"}, {server, netip.MustParseAddr("198.51.100.1"), "198.51.100.40:80"}} {
		if got := get(t, tt.host, tt.from, tt.to); got != "served by a container\n" {
			t.Errorf("%s serves %q", tt.to, got)
		}
	}
	// A second machine in VLAN 20, by both protocols.
	second := extended(t, cloud+`
[packages.bash]
[ethernet.lan]
dhcp4    = false
optional = false
[vlan."lan.20"]
parent    = "lan"
id        = 20
addresses = ["192.0.2.2/24", "2001:db8::2/64"]
`, map[string]string{}).plugged(t, 1, "", a)
	state(t, second, "online:lan.20", "ok")
	const page = "served by a container"
	if got := inside(t, second, "wget -qO- http://192.0.2.10/; wget -qO- 'http://[2001:db8::10]/'"); got != page+"\n"+page {
		t.Errorf("a second machine in the VLAN is served %q", got)
	}
	becomes(t, g, "an address of the router's prefix", func(s *report.State) bool {
		text := fmt.Sprint(s.Facts["container.beside.addresses"].Value)
		return strings.Contains(text, "198.51.100.40/24") && strings.Contains(text, "2001:db8:30:")
	})
	for _, tt := range []struct{ line, want string }{
		// Limits, and whose numbers its processes have.
		{"cd /sys/fs/cgroup/work/containers/files; cat memory.max pids.max cpu.max", "25165824\n10\n50000 100000"},
		{"while read -r name _ pid rest; do [[ $name = web ]] && read -r inside outside count <<<\"$(< /proc/$pid/uid_map)\" && echo $outside $count; done < <(uinitctl container)", "524288 65536"},
		{"uinitctl container exec files -- sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 9 & done' 2>&1 | tail -1", "*can't fork*"},
		{"uinitctl container exec files dd if=/dev/zero of=/tmp/x bs=1M count=40 2>&1; echo $?", "*137"},
		// Its files are its own accounts' on the disk, and its resolver is the machine's.
		{"cat /srv/files/log; stat -c %u /srv/files/log", "started*\n0"},
		{"cat /etc/resolv.conf", "*nameserver 203.0.113.53"},
		{"uinitctl container exec web cat /etc/resolv.conf /etc/hostname", "*nameserver 203.0.113.53\nweb"},
		// Who comes in has the rights of the container's program, and no more.
		{"uinitctl container exec web grep -E '^(Uid|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status", "Uid:\t33\t33\t33\t33\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2"},
		{"uinitctl container start later; uinitctl container exec later -- id -u; uinitctl container stop later | tail -1", "CONTAINER*later*running*33\nlater*stopped*"},
		{"uinitctl container restart web | tail -1", "web*running*192.0.2.10/24*2001:db8::10/64*"},
	} {
		if got := inside(t, g, tt.line); !like(tt.want, got) {
			t.Errorf("%s prints\n%s\nwant %s", tt.line, got, tt.want)
		}
	}
	// One that wants more memory than it may have says so.
	inside(t, g, "uinitctl container start hungry 2>/dev/null; :")
	becomes(t, g, "the end of the hungry one", func(s *report.State) bool {
		return strings.HasPrefix(fmt.Sprint(s.Facts["container.hungry.exit"].Value), "ended for want of memory: it may have 16M")
	})
	// A system that restarts itself, and is restarted, keeps what it wrote.
	boots := func(n int) {
		t.Helper()
		comes(t, g, "uinitctl container exec sys grep -c boot /boots", func(got string) bool { return got == fmt.Sprint(n) })
	}
	boots(1)
	inside(t, g, "uinitctl container exec sys reboot")
	boots(2)
	fact(t, g, "container.sys.reboots", 1)
	inside(t, g, "uinitctl container restart sys")
	boots(3)

	// On the way down containers end before what they stand on.
	if _, err := g.Request(t.Context(), report.Request{Power: "poweroff"}); err != nil {
		t.Fatal(err)
	}
	s := ends(t, g, "poweroff", "guest-shutdown")
	for _, name := range []string{"web", "beside", "led", "files", "sys"} {
		if e := s.Facts["container."+name+".state"]; e.Value != "stopped" {
			t.Errorf("container %s is %v in the end", name, e.Value)
		}
	}
	order := func(name string) int {
		return slices.IndexFunc(s.Events, func(e report.Event) bool { return e.Name == name })
	}
	if first, then := order("stop.containers"), order("stop.file_systems"); first < 0 || then < first {
		t.Errorf("containers ended at event %d, file systems at %d", first, then)
	}
}

// get asks a web server for its first page.
func get(t *testing.T, h *lan.Host, from netip.Addr, to string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	addr := netip.MustParseAddrPort(to)
	c, err := h.Dial(ctx, from, addr)
	if err != nil {
		t.Errorf("connecting to %s: %v", to, err)
		return ""
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Errorf("asking %s: %v", to, err)
	}
	text, _ := io.ReadAll(c) // to the end, or to what there is
	_, body, _ := strings.Cut(string(text), "\r\n\r\n")
	return body
}
