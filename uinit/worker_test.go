package main

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
	"github.com/imgbuild/imgbuild/uinit/kmod"
)

func TestModuleConfig(t *testing.T) {
	m := &spec.Machine{Module: map[string]spec.Module{
		"virtio-net": {Parameters: map[string]string{"napi_tx": "0", "csum": "1"}},
		"pcspkr":     {Blacklist: true},
	}}
	got := moduleConfig(m, cmdline.Parse("virtio_net.csum=0 modprobe.blacklist=floppy,snd-hda quiet bonding.max_bonds=2"))
	want := kmod.Config{
		Parameters: map[string]string{"virtio_net": "csum=1 napi_tx=0 csum=0", "bonding": "max_bonds=0 max_bonds=2", "pcspkr": "", "modprobe": "blacklist=floppy,snd-hda"},
		Blacklist:  map[string]bool{"pcspkr": true, "floppy": true, "snd_hda": true, "virtio_net": false},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestReadMachine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "machine.json")
	if _, err := readMachine(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	for text, ok := range map[string]bool{"{}": true, `{"hostname":"box1"}`: true, "": false, "{": false, `{"hostname":"-"}`: false} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readMachine(file); (err == nil) != ok {
			t.Errorf("readMachine(%q): %v", text, err)
		}
	}
}

func TestDescribe(t *testing.T) {
	for _, tt := range []struct {
		status syscall.WaitStatus
		crash  string
		want   string
	}{
		{2 << 8, "panic: no\n\ngoroutine 1 [running]:\n", "panic: no"},
		{9, "", "killed by SIGKILL"},
		{7 << 8, " \n", "exit status 7"},
	} {
		if got := describe(tt.status, tt.crash); got != tt.want {
			t.Errorf("describe(%d, %q) = %q, want %q", tt.status, tt.crash, got, tt.want)
		}
	}
}

func TestUinitctlOutput(t *testing.T) {
	var b strings.Builder
	well := writeStatus(&b, []report.Event{
		{Name: "mounts", State: "ok", Seconds: 0.023},
		{Name: "link:lan", State: "late", Seconds: 30, Message: "waiting: no interface matches driver=igb path=0000:03:00.0"},
	})
	want := "mounts                   ok          23ms\n" +
		"link:lan                 late         30s  waiting: no interface matches driver…\n"
	if b.String() != want || well {
		t.Errorf("status:\n%q\nwant\n%q", b.String(), want)
	}
	b.Reset()
	writeFacts(&b, []report.Event{{Name: "a", Value: "x y"}, {Name: "b", Value: []any{"1", 2.0}}})
	if want := "a                              x y\nb                              [\"1\",2]\n"; b.String() != want {
		t.Errorf("facts: %q, want %q", b.String(), want)
	}
}

func FuzzModuleConfig(f *testing.F) {
	f.Add("virtio_net.csum=0 modprobe.blacklist=floppy,snd-hda quiet bonding.max_bonds=2")
	f.Add("a.b.c= .x=1 modprobe.blacklist=,, =")
	f.Fuzz(func(t *testing.T, line string) {
		c := moduleConfig(&spec.Machine{Module: map[string]spec.Module{"pcspkr": {Blacklist: true}}}, cmdline.Parse(line))
		if _, known := c.Blacklist["pcspkr"]; !known {
			t.Errorf("%q lets the profile's word on a module be forgotten", line)
		}
	})
}
