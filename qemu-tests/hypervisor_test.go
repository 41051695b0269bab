package qemu_tests

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/qemu/tsc"
	"github.com/imgbuild/imgbuild/internal/report"
)

// The profile holds what it promises; its checks start a guest within the guest as far as its firmware.
func TestHypervisor(t *testing.T) {
	t.Parallel()
	box := shipped(t, "hypervisor")
	if info, err := os.Stat(box.options.Initrd); err != nil || info.Size() > 45<<20 {
		t.Errorf("the initramfs: %v MB, %v; want 45 MB at most", info.Size()>>20, err)
	}
	box.prove(t)
}

// It is built in every format, and holds that from media of both kinds of firmware too; their kernel line cannot be added to, so
// what lets tests give commands is in the profile.
func TestHypervisorFromMedia(t *testing.T) {
	t.Parallel()
	long(t)
	box := built(t, written(t, `
extends = "hypervisor"
formats = ["kernel", "uki", "disk", "iso", "netboot"]
[kernel]
cmdline = ["console=tty0", "console=ttyS0,115200n8", "transparent_hugepage=madvise", "panic=-1", "no_timer_check", "cryptomgr.notests", "uinit.test"]
[run]
timeout = "5m"
`, map[string]string{}))
	for _, w := range []way{{firmware: qemu.BIOS, medium: profile.FormatDisk, bus: qemu.USB}, {firmware: qemu.UEFI, medium: profile.FormatISO}} {
		t.Run(w.String(), func(t *testing.T) { box.from(w).prove(t) })
	}
}

// nested bounds a kernel that starts in an emulator within an emulator: two minutes on a quiet machine, twice.
const nested = 8 * time.Minute

// host is a hypervisor with a guest built by this project, on VLAN 20 only.
func host(t *testing.T) appliance {
	t.Helper()
	inner := extended(t, cloud+`
[user.root]
# "correct horse"
password_hash = "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0"
[access]
host_password = false
[ethernet.nat]
match    = { index = 1 }
dhcp4    = true
optional = true
`, map[string]string{})
	files := map[string]string{"host.toml": fmt.Sprintf(`
extends = "hypervisor"
%s
[image]
overlays = ["hypervisor", "files"]
[run]
memory = "1152M"
[vm.inner]
memory    = "256M"
kernel    = "/usr/share/guest/kernel"
initrd    = "/usr/share/guest/initrd"
cmdline   = "%s %s"
autostart = true
order     = 2
[vm.inner.nic.lan]
bridge = "br20"
[vm.inner.nic.nat]
bridge = "nat0"
[vm.huge]
memory = "64G"
[vm.huge.disk.root]
path   = "/srv/vm/huge.img"
create = true
size   = "1G"
[vm.volume]
memory       = "32M"
accel        = "tcg" # the others have KVM where QEMU emulates that too, as it does AMD's
stop_timeout = "1s"
[vm.volume.disk.root]
path = "lvm:vg0/web"
[run.disk.pv]
`, cloud, inner.options.Cmdline, strings.Join(qemu.KernelArgs(qemu.AccelTCG, tsc.KHz()), " "))}
	for name, path := range map[string]string{"kernel": inner.kernel, "initrd": inner.options.Initrd} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files["files/usr/share/guest/"+name] = string(b)
	}
	dir := t.TempDir()
	for name, body := range files {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return built(t, filepath.Join(dir, "host.toml"))
}

// A guest within the guest: on a VLAN's bridge it gets its address, answers, and is talked to on its console;
// a guest that is killed comes again, one that is too large is refused, and all go down in their order.
func TestNestedGuest(t *testing.T) {
	t.Parallel()
	long(t)
	cable := segment(t) // for both ports of the bond
	office := cable.VLAN(20).Host(1, netip.MustParseAddr("192.0.2.1"))
	leased := netip.MustParsePrefix("192.0.2.77/24")
	office.DHCP4().Lend(leased, time.Hour)
	// The host's own network, where guests behind its address come out.
	outside := cable.Host(2, netip.MustParseAddr("198.51.100.1"))
	outside.DHCP4().Lend(netip.MustParsePrefix("198.51.100.2/24"), time.Hour)

	vm, err := boot.Prepare(t.Context(), host(t).options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	for i := range vm.Config.NICs {
		backend, err := cable.Cable()
		if err != nil {
			t.Fatal(err)
		}
		vm.Config.NICs[i].Backend = backend
	}
	g := startFor(t, vm.Config, nested)
	s := until(t, g, "the guest's QEMU", func(s *report.State) bool {
		return s.Units["vm:inner"].State != "" && s.Units["vm:inner"].State != "running"
	})
	if u := s.Units["vm:inner"]; u.State != "ok" && u.State != "late" {
		t.Fatalf("the guest is %+v", u)
	}
	prompt := unitAt(t, s, "console:ttyS0", "ok").Uptime
	if prompt >= s.Units["vm:inner"].Uptime {
		t.Errorf("the prompt came at %.2f s, when the guest's QEMU was there: nobody waits for that", prompt)
	}
	t.Logf("prompt at %.1f s, the guest's QEMU at %.1f s, by %v", prompt, s.Units["vm:inner"].Uptime, s.Facts["vm.accel"].Value)

	t.Logf("memory in use at rest, the image's files and the guest included: %v bytes; %s", s.Facts["memory.used_bytes"].Value,
		strings.Join(strings.Fields(inside(t, g, `while read -r k v u; do case $k in MemTotal:|MemAvailable:|Shmem:|AnonPages:|Slab:) echo $k $v;; esac; done </proc/meminfo; echo of QEMU: $(</sys/fs/cgroup/work/guests/inner/memory.current)`)), " "))

	// Meanwhile, what does not want the guest's own kernel.
	for _, tt := range []struct{ line, want string }{
		{"uinitctl vm start huge 2>&1; echo status $?", "*starting huge: it wants 65536 MiB and QEMU 64 MiB; of this machine's * MiB are free*status 1"},
		{"uinitctl vm start exampel 2>&1; uinitctl vm sing 2>&1; echo status $?", "*there is no guest \"exampel\"; did you mean example?; accepted: example, huge, inner, volume\n*\"sing\" is not known; accepted: *status 1"},
		{"uinitctl vm start example", "GUEST*\nexample*running*128M*"},
		// Guests' interfaces leave bridges their addresses: that of the first port, and nat0 its own.
		{`cd /sys/class/net; n=0; for t in */tun_flags; do [[ $(<${t%tun_flags}address) = fe:* ]] && ((++n)); done; echo $n taps
for i in br0 br20 nat0; do echo $i $(<$i/addr_assign_type) $(<$i/address); done`,
			"4 taps\nbr0 3 52:54:00:12:34:56\nbr20 3 52:54:00:12:34:56\nnat0 3 *"},
		{"kill -9 $(< /sys/fs/cgroup/work/guests/example/cgroup.procs); exec 9<> <(:); until uinitctl facts | grep -q 'vm.example.restarts *1$' && uinitctl vm | grep -q 'example *running'; do read -rt 0.2 -u 9; done; uinitctl vm list", "*\nexample*running*128M*1 *no*1\n*"},
		{`set -e; mkdir -p /run/lock/lvm; modprobe dm_mod
c='activation { udev_sync=0 udev_rules=0 monitoring=0 } devices { obtain_device_list_from_udev=0 external_device_info_source="none" use_devicesfile=0 }'
lvm pvcreate --config "$c" -qq /dev/vda; lvm vgcreate --config "$c" -qq vg0 /dev/vda; lvm lvcreate --config "$c" -qq -Wn -y -L 32M -n web vg0; lvm vgchange --config "$c" -qq -an vg0
[ -e /dev/vg0/web ] && echo active; uinitctl vm start volume; lvm vgs --config "$c" --noheadings -o lv_count vg0`, "GUEST*volume*running*32M*1"},
		{"uinitctl vm reset example && echo reset", "*reset"},
	} {
		if got := inside(t, g, tt.line); !like(tt.want, got) {
			t.Errorf("%s prints\n%s\nwant %s", tt.line, got, tt.want)
		}
	}

	ping := office.Ping(leased.Addr())
	defer ping.Stop()
	if err := ping.Answers(3, nested-2*time.Minute); err != nil {
		t.Fatalf("the guest within the guest: %v; its console shows:\n%s", err,
			inside(t, g, "uinitctl vm list; (uinitctl vm console inner </dev/null & p=$!; exec 9<> <(:); read -rt 5 -u 9; kill $p); :"))
	}
	t.Logf("the guest answers after %v", time.Since(g.Started()).Round(time.Second))
	talk(t, g,
		[2]string{`login: $`, "root\r"},
		[2]string{`Password: $`, vm.Password + "\r"},
		[2]string{`# $`, "uinitctl vm console inner\r"},
		[2]string{`Ctrl-\] leaves it[\s\S]*login: $`, "root\r"},
		[2]string{`Password: $`, "correct horse\r"},
		[2]string{`# $`, "echo in-$((6*7))-$(hostname)\r"},
		[2]string{`in-42-box[\s\S]*# $`, "until ip route replace 198.51.100.0/24 via 192.168.122.1 dev nat && ping -c 1 198.51.100.1; do sleep 2; done 2>/dev/null; echo out-$((6*7))\r"},
		[2]string{`out-42\s[\s\S]*# $`, "exit\r"},
		[2]string{`login: $`, "\x1d"},
		[2]string{`# $`, "echo back-$((6*7))-$(hostname)\r"},
		[2]string{`back-42-host`, ""},
	)
	if got := inside(t, g, "uinitctl vm stats"); !regexp.MustCompile(`(?m)^inner +running +\d+\.\d +\d+M +0 +0 +[1-9]\d*K? +[1-9]\d*K? +0$`).MatchString(got) {
		t.Errorf("the figures are\n%s", got)
	}
	// Stopped by itself it powers itself off, and it comes again.
	begin := time.Now()
	reply, err := g.Request(t.Context(), report.Request{Timeout: limit.Seconds(), Command: []string{"/bin/bash", "-c",
		"uinitctl vm console inner </dev/null >/run/said & uinitctl vm stop inner; kill $!; cat /run/said"}})
	took := time.Since(begin)
	if err != nil || !like("GUEST*inner*stopped*Power down*", reply.Output) {
		t.Errorf("stopping the guest takes %v and prints %+v, %v", took, reply, err)
	}
	t.Logf("stopped by its power button in %v", took.Round(time.Second))
	if got := inside(t, g, "uinitctl vm start inner"); !like("GUEST*inner*running*", got) {
		t.Errorf("starting the guest again prints\n%s", got)
	}
	again := office.Ping(leased.Addr())
	defer again.Stop()
	if err := again.Answers(1, nested-2*time.Minute); err != nil {
		t.Errorf("the guest that was started again: %v", err)
	}
	s = off(t, g)
	places := order(s, "vm.inner.state", "vm.example.state", "stop.vms", "stop.services", "stop.file_systems")
	if slices.Contains(places, -1) || !slices.IsSorted(places) {
		t.Errorf("guests, services and file systems ended at places %v of the report", places)
	}
	if inner := s.Facts["vm.inner.exit"].Value; inner != "exit status 0" {
		t.Errorf("the guest ended with %v; it did not power itself off", inner)
	}
}
