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
		Disk: map[string]VMDisk{"a": {Path: "/x"}, "b": {Path: "/dev/vg/lv"}, "c": {Path: "/x"}},
		NIC:  map[string]VMNIC{"b": {Bridge: "br1"}, "a": {Bridge: "br0"}, "c": {Bridge: "br1"}},
	}
	if got, want := v.Files(), []string{"/dev/vg/lv", "/k", "/vars", "/x"}; !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	if got, want := v.Bridges(), []string{"br0", "br1"}; !slices.Equal(got, want) {
		t.Errorf("bridges %v, want %v", got, want)
	}
}
