package qemu

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/spec"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// filled is a row with the defaults of its schema.
func filled(v spec.VM) spec.VM {
	defaults.Fill(&v)
	return v
}

// full is a guest with one of everything.
var full = filled(spec.VM{
	Memory: 1 << 30, VCPUs: 2, Firmware: "uefi", UEFIVars: "/srv/web.vars",
	Disk: map[string]spec.VMDisk{
		"a":  {Path: "/srv/web.qcow2", Format: "qcow2", Create: true, Size: 8 << 30, Bus: "virtio"},
		"b":  {Path: "lvm:vg0/web", Format: "raw", Bus: "ahci"},
		"cd": {Path: "/srv/debian.iso", Bus: "cdrom"},
	},
	NIC: map[string]spec.VMNIC{"lan": {Bridge: "br20", Model: "virtio"}, "old": {Bridge: "nat0", Model: "e1000", MAC: "52:54:00:00:00:01"}},
})

func TestMake(t *testing.T) {
	direct := spec.VM{
		Memory: 96 << 20, Firmware: "uefi", Kernel: "/srv/guest/kernel", Initrd: "/srv/guest/initrd", Cmdline: "console=ttyS0 a=b,c",
		Disk: map[string]spec.VMDisk{"data": {Path: "/srv/data.img", ReadOnly: true}},
	}
	host := Host{Name: "box", Names: []string{"direct", "web"}, KVM: true, VHost: true}
	for _, tt := range []struct {
		file, name string
		cfg        spec.VM
		host       Host
	}{
		{"kvm", "web", full, host},
		{"tcg", "web", full, Host{Name: "box", Names: host.Names}},
		{"direct", "direct", direct, host},
		{"direct-tcg", "direct", spec.VM{Memory: 96 << 20, Accel: "tcg", Kernel: "/k"}, host},
		{"named", "direct", spec.VM{Memory: 96 << 20, Machine: "pc-q35-6.2", CPUModel: "EPYC-v4", Kernel: "/k"}, host},
		{"named-tcg", "direct", spec.VM{Memory: 96 << 20, Accel: "tcg", Machine: "pc-q35-6.2", CPUModel: "EPYC-v4", Kernel: "/k"}, host},
		{"forced-kvm", "direct", spec.VM{Memory: 96 << 20, Accel: "kvm"}, Host{Names: host.Names}},
	} {
		p := Make(tt.name, filled(tt.cfg), tt.host)
		var b strings.Builder
		fmt.Fprintf(&b, "uid %d\n", p.UID)
		for i, f := range p.Files {
			fmt.Fprintf(&b, "%d: %s\n", i+3, strings.Join(strings.Fields(string(f.Kind)+" "+f.Path+" "+tapOf(f)), " "))
		}
		for i, a := range p.Args {
			if strings.HasPrefix(a, "-") && i > 0 {
				b.WriteString("\n")
			} else if i > 0 {
				b.WriteString(" ")
			}
			b.WriteString(a)
		}
		golden := filepath.Join("testdata", tt.file+".txt")
		if *update {
			if err := os.WriteFile(golden, []byte(b.String()+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if b.String()+"\n" != string(want) {
			t.Errorf("%s:\n%s\nwant\n%s", tt.file, b.String(), want)
		}
	}
}

func TestMAC(t *testing.T) {
	seen := map[spec.MAC]bool{}
	for _, key := range [][3]string{{"a", "b", "c"}, {"ab", "", "c"}, {"a", "bc", ""}, {"a", "b", "d"}, {"b", "b", "c"}} {
		mac := MAC(key[0], key[1], key[2])
		var read spec.MAC
		if err := read.UnmarshalText([]byte(mac)); err != nil || read != mac || seen[mac] || mac != MAC(key[0], key[1], key[2]) {
			t.Errorf("%v: %s, %v; had before: %v", key, mac, err, seen[mac])
		}
		seen[mac] = true
	}
	for guest, want := range map[spec.MAC]spec.MAC{"52:54:00:00:00:01": "fe:54:00:00:00:01", "fe:54:00:00:00:01": "fa:54:00:00:00:01"} {
		if got := hostSide(guest); got != want {
			t.Errorf("the host's side of %s is %s, want %s", guest, got, want)
		}
	}
}

func TestFits(t *testing.T) {
	const M = 1 << 20
	for _, tt := range []struct {
		wanted spec.Size
		memory Memory
		err    string
	}{
		{512 * M, Memory{4096 * M, 3000 * M, 0}, ""},
		{512 * M, Memory{4096 * M, 576 * M, 0}, ""},
		{512 * M, Memory{4096 * M, 575 * M, 0}, "it wants 512 MiB and QEMU 64 MiB; of this machine's 4096 MiB 575 MiB are free"},
		{512 * M, Memory{4096 * M, 1000 * M, 500 * M}, "it wants 512 MiB and QEMU 64 MiB; of this machine's 4096 MiB 1000 MiB are free, 500 MiB of them promised to other guests"},
		{1 << 50, Memory{4096 * M, 4000 * M, 0}, "it wants 1073741824 MiB and QEMU 64 MiB; of this machine's 4096 MiB 4000 MiB are free"},
	} {
		text := ""
		if err := tt.memory.Fits(tt.wanted); err != nil {
			text = err.Error()
		}
		if text != tt.err {
			t.Errorf("%v of %+v: %q, want %q", tt.wanted, tt.memory, text, tt.err)
		}
	}
}

func TestKVMModule(t *testing.T) {
	const head = "processor\t: 0\nvendor_id\t: "
	for _, tt := range []struct{ cpuinfo, module, err string }{
		{head + "GenuineIntel\nflags\t\t: fpu vmx sse\n", "kvm_intel", ""},
		{head + "AuthenticAMD\nflags\t\t: fpu svm\n", "kvm_amd", ""},
		{head + "GenuineIntel\nflags\t\t: fpu vmxnet\n", "", "the processor offers no virtualisation (vmx, svm); the firmware's set-up may switch it on"},
		{head + "CyrixInstead\nflags\t\t: fpu\n", "", `no KVM for processors of "CyrixInstead"`},
		{"", "", `no KVM for processors of ""`},
	} {
		module, err := KVMModule(tt.cpuinfo)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if module != tt.module || text != tt.err {
			t.Errorf("%q: %q, %q; want %q, %q", tt.cpuinfo, module, text, tt.module, tt.err)
		}
	}
}

// tapOf is what a tap device is joined to, and its address.
func tapOf(f File) string {
	if f.Kind != TapFile {
		return ""
	}
	return f.NIC.Bridge + " " + string(hostSide(f.NIC.MAC))
}
