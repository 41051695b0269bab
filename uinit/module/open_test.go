package module

import (
	"reflect"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
	"github.com/imgbuild/imgbuild/uinit/kmod"
)

func TestModuleConfig(t *testing.T) {
	m := &spec.Machine{Module: map[string]spec.Module{
		"virtio-net": {Parameters: map[string]string{"napi_tx": "0", "csum": "1"}},
		"pcspkr":     {Blacklist: true},
	}}
	got := config(m, cmdline.Parse("virtio_net.csum=0 modprobe.blacklist=floppy,snd-hda quiet bonding.max_bonds=2"))
	want := kmod.Config{
		Parameters: map[string]string{"virtio_net": "csum=1 napi_tx=0 csum=0", "bonding": "max_bonds=0 max_bonds=2", "pcspkr": "", "modprobe": "blacklist=floppy,snd-hda"},
		Blacklist:  map[string]bool{"pcspkr": true, "floppy": true, "snd_hda": true, "virtio_net": false},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func FuzzModuleConfig(f *testing.F) {
	f.Add("virtio_net.csum=0 modprobe.blacklist=floppy,snd-hda quiet bonding.max_bonds=2")
	f.Add("a.b.c= .x=1 modprobe.blacklist=,, =")
	f.Fuzz(func(t *testing.T, line string) {
		c := config(&spec.Machine{Module: map[string]spec.Module{"pcspkr": {Blacklist: true}}}, cmdline.Parse(line))
		if _, known := c.Blacklist["pcspkr"]; !known {
			t.Errorf("%q lets the profile's word on a module be forgotten", line)
		}
	})
}
