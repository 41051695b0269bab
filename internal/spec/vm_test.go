package spec

import (
	"reflect"
	"slices"
	"testing"
)

func TestVMOrder(t *testing.T) {
	rows := map[string]VM{"db": {Order: 1, Autostart: true}, "web": {Order: 5, Autostart: true}, "app": {Order: 2}, "cache": {Order: 1, Autostart: true}}
	if got, want := VMOrder(rows), [][]string{{"cache", "db"}, {"app"}, {"web"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
	if got, want := VMBefore(rows, "web"), []string{"cache", "db"}; !reflect.DeepEqual(got, want) {
		t.Errorf("before web %v, want %v", got, want)
	}
}

func TestVMFiles(t *testing.T) {
	v := VM{
		Kernel: "/k", UEFIVars: "/vars",
		Disk: map[string]VMDisk{"a": {Path: "/x"}, "b": {Path: "lvm:vg/lv"}, "c": {Path: "/x"}},
		NIC:  map[string]VMNIC{"b": {Bridge: "br1"}, "a": {Bridge: "br0"}, "c": {Bridge: "br1"}},
	}
	if got, want := v.Files(), []string{"/dev/vg/lv", "/k", "/vars", "/x"}; !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	if got, want := v.Bridges(), []string{"br0", "br1"}; !slices.Equal(got, want) {
		t.Errorf("bridges %v, want %v", got, want)
	}
}

func TestVolumeGroups(t *testing.T) {
	m := Machine{
		Mount: map[string]Mount{"/a": {Source: "lvm:vg1/a"}, "/b": {Source: "LABEL=lvm"}, "/c": {Source: "lvm:vg1/c"}},
		VM:    map[string]VM{"x": {Disk: map[string]VMDisk{"a": {Path: "lvm:vg0/x"}, "b": {Path: "/dev/vg2/x"}}}},
	}
	if got, want := m.VolumeGroups(), []string{"vg0", "vg1"}; !slices.Equal(got, want) {
		t.Errorf("groups %v, want %v", got, want)
	}
}
