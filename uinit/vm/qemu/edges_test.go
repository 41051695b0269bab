package qemu

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// The header of a disk, to its last bit: whatever names another file, or may, is refused.
func TestHeaderEdges(t *testing.T) {
	be := binary.BigEndian
	for name, tt := range map[string]struct {
		change func(h []byte) []byte
		err    string
	}{
		"as it is":               {func(h []byte) []byte { return h }, ""},
		"version 2":              {func(h []byte) []byte { be.PutUint32(h[4:], 2); return h }, ""},
		"version 1":              {func(h []byte) []byte { be.PutUint32(h[4:], 1); return h }, "version 1"},
		"version 4":              {func(h []byte) []byte { be.PutUint32(h[4:], 4); return h }, "version 4"},
		"the smallest clusters":  {func(h []byte) []byte { be.PutUint32(h[20:], 9); return h }, ""},
		"smaller ones":           {func(h []byte) []byte { be.PutUint32(h[20:], 8); return h }, "clusters of 2^8"},
		"the largest clusters":   {func(h []byte) []byte { be.PutUint32(h[20:], 21); return h }, ""},
		"larger ones":            {func(h []byte) []byte { be.PutUint32(h[20:], 22); return h }, "clusters of 2^22"},
		"a backing file":         {func(h []byte) []byte { h[15] = 1; return h }, "names a backing file"},
		"its name's length":      {func(h []byte) []byte { h[19] = 1; return h }, "names a backing file"},
		"dirty":                  {func(h []byte) []byte { h[79] = 1; return h }, ""},
		"corrupt":                {func(h []byte) []byte { h[79] = 2; return h }, ""},
		"data elsewhere":         {func(h []byte) []byte { h[79] = 4; return h }, "the data lies in another file"},
		"compression":            {func(h []byte) []byte { h[79] = 8; return h }, ""},
		"subclusters":            {func(h []byte) []byte { h[79] = 16; return h }, ""},
		"an unknown feature":     {func(h []byte) []byte { h[79] = 32; return h }, "features 0x20 that are not known"},
		"the last one":           {func(h []byte) []byte { h[72] = 0x80; return h }, "features 0x8000000000000000 that are not known"},
		"no magic":               {func(h []byte) []byte { h[0]++; return h }, `it is not of format "qcow2"`},
		"71 bytes":               {func(h []byte) []byte { return h[:71] }, `it is not of format "qcow2"`},
		"103 bytes":              {func(h []byte) []byte { return h[:103] }, "is cut off"},
		"extensions cut off":     {func(h []byte) []byte { return h[:111] }, "is cut off"},
		"an end at the end":      {func(h []byte) []byte { return h[:112] }, ""},
		"of version 2, cut off":  {func(h []byte) []byte { be.PutUint32(h[4:], 2); return h[:79] }, "is cut off"},
		"of version 2, whole":    {func(h []byte) []byte { be.PutUint32(h[4:], 2); return h[:80] }, ""},
		"extensions in the head": {func(h []byte) []byte { be.PutUint32(h[100:], 71); return h }, "is cut off"},
		"right behind the old":   {func(h []byte) []byte { be.PutUint32(h[100:], 72); return h }, ""},
		"a backing format":       {func(h []byte) []byte { be.PutUint32(h[104:], 0xe2792aca); return h }, "names another file"},
		"a data file's name":     {func(h []byte) []byte { be.PutUint32(h[104:], 0x44415441); return h }, "names another file"},
		"behind another": {func(h []byte) []byte {
			be.PutUint32(h[104:], 7)
			be.PutUint32(h[108:], 9) // sixteen with what fills it up
			be.PutUint32(h[128:], 0x44415441)
			return h
		}, "names another file"},
		"behind one of eight": {func(h []byte) []byte {
			be.PutUint32(h[104:], 7)
			be.PutUint32(h[108:], 8)
			be.PutUint32(h[120:], 0x44415441)
			return h
		}, "names another file"},
		"one without an end": {func(h []byte) []byte { be.PutUint32(h[104:], 7); be.PutUint32(h[108:], 1<<31); return h }, "is cut off"},
	} {
		h := make([]byte, 1<<16)
		copy(h, "QFI\xfb")
		be.PutUint32(h[4:], 3)
		be.PutUint32(h[20:], 16)
		be.PutUint32(h[100:], 104)
		err := checkHeader(bytes.NewReader(tt.change(h)))
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v, want %q", name, err, tt.err)
		}
	}
	// Extensions end with the cluster.
	h := make([]byte, 1<<16)
	copy(h, "QFI\xfb")
	be.PutUint32(h[4:], 3)
	be.PutUint32(h[20:], 9)
	be.PutUint32(h[100:], 504)
	if err := checkHeader(bytes.NewReader(h)); err != nil {
		t.Errorf("the last of a cluster: %v", err)
	}
	be.PutUint32(h[100:], 505)
	if err := checkHeader(bytes.NewReader(h)); err == nil {
		t.Error("behind its cluster there are extensions")
	}
}

// What is promised to others is not free, and QEMU takes some itself.
func TestMemoryEdges(t *testing.T) {
	const mib = 1 << 20
	for _, tt := range []struct {
		m      Memory
		wanted spec.Size
		err    string
	}{
		{Memory{Total: 1024 * mib, Available: 576 * mib}, 512 * mib, ""},
		{Memory{Total: 1024 * mib, Available: 576*mib - 1}, 512 * mib, "it wants 512 MiB and QEMU 64 MiB; of this machine's 1024 MiB 575 MiB are free"},
		{Memory{Total: 1024 * mib, Available: 676 * mib, Promised: 100 * mib}, 512 * mib, ""},
		{Memory{Total: 1024 * mib, Available: 676 * mib, Promised: 100*mib + 1}, 512 * mib, "it wants 512 MiB and QEMU 64 MiB; of this machine's 1024 MiB 676 MiB are free, 100 MiB of them promised to other guests"},
	} {
		err := tt.m.Fits(tt.wanted)
		if (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%+v: %v, want %q", tt.m, err, tt.err)
		}
	}
	if got := Most(1 << 30); got != 1<<30+128<<20+512<<20 {
		t.Errorf("at the most %v", got)
	}
}

func TestKVMModules(t *testing.T) {
	for cpu, want := range map[string]string{
		"vendor_id\t: GenuineIntel\nflags\t\t: fpu vmx sse\n": "kvm_intel", "vendor_id : AuthenticAMD\nflags : svm\n": "kvm_amd", "vendor_id : HygonGenuine\nflags : fpu svm\n": "kvm_amd",
		"vendor_id : GenuineIntel\nflags : fpu vmxx\n": "", "vendor_id : GenuineIntel\n": "", "vendor_id : CentaurHauls\nflags : vmx\n": "", "": "",
	} {
		if got, err := KVMModule(cpu); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", cpu, got, err)
		}
	}
	for device, want := range map[string]error{"/dev/no-such": os.ErrNotExist, "/dev/null": syscall.ENOTTY} {
		if err := TryKVM(device); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", device, err, want)
		}
	}
}

// A guest's interface is on its bridge, as large as that, up, without an address of the host's, and goes with its file.
func TestTap(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("interfaces are root's")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skipf("no tap devices here: %v", err)
	}
	if !nettest.Within(t, time.Minute, 0) {
		return
	}
	br := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0", MTU: 1400}}
	if err := netlink.LinkAdd(br); err != nil {
		t.Fatal(err)
	}
	f, err := openTap(File{Path: "tap0", NIC: spec.VMNIC{Bridge: "br0", MAC: "52:54:00:01:02:03"}})
	if err != nil {
		t.Skipf("no tap devices here: %v", err)
	}
	tap, err := netlink.LinkByName("tap0")
	if err != nil {
		t.Fatal(err)
	}
	bridge, err := netlink.LinkByName("br0")
	if err != nil {
		t.Fatal(err)
	}
	a := tap.Attrs()
	if a.MTU != 1400 || a.MasterIndex != bridge.Attrs().Index || a.Flags&1 == 0 || a.HardwareAddr.String() != "fe:54:00:01:02:03" {
		t.Errorf("%+v", a)
	}
	if text, err := os.ReadFile("/proc/sys/net/ipv6/conf/tap0/disable_ipv6"); err == nil && string(text) != "1\n" {
		t.Errorf("IPv6 is switched off: %q", text)
	}
	f.Close()
	if _, err := netlink.LinkByName("tap0"); err == nil {
		t.Error("it outlives its file")
	}
	if f, err := openTap(File{Path: "tap1", NIC: spec.VMNIC{Bridge: "none", MAC: "52:54:00:01:02:03"}}); err == nil || !strings.Contains(err.Error(), "finding bridge none") {
		t.Errorf("without a bridge: %v, %v", f, err)
	}
	if _, err := netlink.LinkByName("tap1"); err == nil {
		t.Error("what cannot be joined stays")
	}
}
