package kmod_test

import (
	"errors"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/imgbuild/imgbuild/build/kmod"
)

func TestScan(t *testing.T) {
	x := scan(t)
	var names []string
	for _, m := range x.Modules {
		names = append(names, m.Name)
	}
	want := strings.Fields(`crc_b crc_a e1000e mdio_lib pps_core ptp ext4 vfat nls_ascii after broken ring1 ring2
		crc_builtin nls_base printk`)
	if !slices.Equal(names, want) {
		t.Errorf("got  %q\nwant %q", names, want)
	}

	m, ok := x.Lookup("e1000e")
	if !ok {
		t.Fatal("no e1000e")
	}
	got := *m
	got.Size = 0
	if !reflect.DeepEqual(m.Patterns(), []string{"pci:v00008086d000010D3sv*", "pci:v00008086d000010EAsv*"}) {
		t.Errorf("patterns %q", m.Patterns())
	}
	if got.Path != "kernel/drivers/net/e1000e.ko" || !slices.Equal(got.Depends, []string{"ptp", "mdio_lib"}) ||
		!slices.Equal(got.Params, []string{"debug", "IntMode"}) {
		t.Errorf("got %+v", got)
	}

	m, _ = x.Lookup("ext4")
	if !slices.Equal(m.Pre, []string{"crypto-crc"}) || !slices.Equal(m.Post, []string{"after", "missing"}) || !slices.Equal(m.Names, []string{"fs-ext4", "fs-ext3"}) {
		t.Errorf("got %+v", m)
	}
	if m, _ = x.Lookup("mdio-lib"); !slices.Equal(m.Firmware, []string{"mdio/fw.bin"}) || m.Packed != ".gz" || m.Path != "kernel/drivers/net/mdio-lib.ko" {
		t.Errorf("got %+v", m)
	}
	if m, _ = x.Lookup("crc-builtin"); !m.Builtin || m.Path != "kernel/lib/crc-builtin.ko" || !slices.Equal(m.Names, []string{"crypto-crc"}) {
		t.Errorf("got %+v", m)
	}
	if m, _ = x.Lookup("printk"); !m.Builtin || m.Path != "" || !slices.Equal(m.Params, []string{"time"}) {
		t.Errorf("got %+v", m)
	}
}

// Size is that of the module as the kernel loads it, however it is packed.
func TestSizes(t *testing.T) {
	x := scan(t)
	for name, want := range map[string][]byte{
		"vfat": ko("depends=", "alias=fs-vfat"), "ptp": ko("depends=pps_core", "name=ptp"),
		"pps_core": ko("depends="), "mdio_lib": ko("depends=pps_core", "firmware=mdio/fw.bin"),
	} {
		if m, _ := x.Lookup(name); m.Size != int64(len(want)) {
			t.Errorf("%s (%s) has %d bytes, want %d", name, m.Packed, m.Size, len(want))
		}
	}
}

func TestScanFindsUsrMerge(t *testing.T) {
	fsys := fstest.MapFS{"usr/lib/modules/6.12/kernel/a.ko": {Data: ko("depends=")}, "lib/modules/6.1/kernel/a.ko": {Data: ko("depends=")}}
	x, err := kmod.Scan(fsys, "6.12")
	if err != nil || x.Dir != "usr/lib/modules/6.12" || len(x.Modules) != 1 {
		t.Errorf("%+v, %v", x, err)
	}
}

func TestScanErrors(t *testing.T) {
	for name, test := range map[string]struct {
		file string
		data []byte
		want string
	}{
		"not ELF":       {"a.ko", []byte("hello"), "a.ko: "},
		"no modinfo":    {"a.ko", ko()[:64+1], "a.ko: "},
		"not xz":        {"a.ko.xz", ko(), "a.ko.xz: unpacking: "},
		"no =":          {"a.ko", ko("license"), `a.ko: the .modinfo entry "license" has no =`},
		"line in alias": {"a.ko", ko("alias=a\nalias b"), `a.ko: the .modinfo entry "alias=a\nalias b" holds a control character`},
	} {
		_, err := kmod.Scan(fstest.MapFS{dir + test.file: {Data: test.data}}, release)
		if want := "reading the modules of kernel " + release + ": " + test.want; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s:\ngot  %v\nwant %s…", name, err, want)
		}
	}
	if _, err := kmod.Scan(fstest.MapFS{}, "5.0"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestMarshal(t *testing.T) {
	x := scan(t)
	text, err := x.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var y kmod.Index
	if err := y.UnmarshalText(text); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(x.Modules, y.Modules) || x.Release != y.Release || x.Dir != y.Dir {
		t.Errorf("got  %+v\nwant %+v", y, x)
	}
	if _, ok := y.Lookup("crc-builtin"); !ok {
		t.Error("an index that was read finds nothing")
	}
	for _, bad := range []string{"", "kmod-index-0\ta\tb\n", string(text[:len(text)-1]), string(text) + "a\tb\n",
		strings.Replace(string(text), "\tfalse\t", "\tperhaps\t", 1)} {
		if err := y.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("accepted %.30q", bad)
		}
	}
	if len(y.Modules) != len(x.Modules) {
		t.Error("a failed read changed the index")
	}
}

func FuzzScan(f *testing.F) {
	f.Add(ko("depends=a,b", "softdep=pre: x", "alias=pci:*", "parmtype=x:int"))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := kmod.Scan(fstest.MapFS{dir + "a.ko": {Data: data}}, release)
		if err != nil {
			return
		}
		text, _ := x.MarshalText()
		var y kmod.Index
		if err := y.UnmarshalText(text); err != nil {
			t.Errorf("%v\n%q", err, text)
		}
	})
}

func FuzzUnmarshal(f *testing.F) {
	text, _ := scan(f).MarshalText()
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		var x kmod.Index
		if x.UnmarshalText(text) != nil {
			return
		}
		var wants []kmod.Want
		for _, m := range x.Modules {
			wants = append(wants, kmod.Want{Name: m.Name})
		}
		picks, _ := x.Closure(wants)
		x.Tables(picks)
	})
}
