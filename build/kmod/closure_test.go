package kmod_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/build/kmod"
)

func TestClosure(t *testing.T) {
	x := scan(t)
	for _, test := range []struct {
		name  string
		wants []kmod.Want
		picks []string // "name: why"
		err   string
	}{
		{"dependencies first", []kmod.Want{{Name: "e1000e", Why: "driver set server-nic"}}, []string{
			"pps_core: needed by ptp, needed by e1000e, driver set server-nic",
			"ptp: needed by e1000e, driver set server-nic",
			"mdio_lib: needed by e1000e, driver set server-nic",
			"e1000e: driver set server-nic"}, ""},
		{"dash and underscore", []kmod.Want{{Name: "mdio-lib", Why: "a"}, {Name: "mdio_lib", Why: "b"}}, []string{
			"pps_core: needed by mdio_lib, a",
			"mdio_lib: a"}, ""},
		{"soft dependencies by alias, in the kernel's order", []kmod.Want{{Name: "ext4", Why: "fs"}}, []string{
			"crc_b: loaded before ext4, fs",
			"crc_a: loaded before ext4, fs",
			"ext4: fs",
			"after: loaded after ext4, fs"}, ""},
		{"by alias", []kmod.Want{{Name: "crypto-crc", Why: "crypto"}}, []string{"crc_b: crypto", "crc_a: crypto"}, ""},
		{"at run time", []kmod.Want{{Name: "vfat", Why: "fs"}}, []string{
			"vfat: fs",
			"nls_ascii: asked for by vfat at run time, fs"}, ""},
		{"built in", []kmod.Want{{Name: "nls_base"}, {Name: "crc-builtin"}, {Name: "printk"}}, nil, ""},
		{"a ring", []kmod.Want{{Name: "ring1", Why: "w"}}, []string{"ring1: w", "ring2: loaded after ring1, w"}, ""},
		{"optional", []kmod.Want{{Name: "nonesuch", Optional: true}, {Name: "after", Why: "w"}}, []string{"after: w"}, ""},
		{"unknown, all at once", []kmod.Want{{Name: "e100e", Why: "driver set x"}, {Name: "zzzzzz"}}, nil,
			"kernel 6.1.0-test has no module e100e (driver set x); did you mean e1000e?\nkernel 6.1.0-test has no module zzzzzz"},
		{"a dependency is missing", []kmod.Want{{Name: "broken", Why: "w"}}, []string{"broken: w"},
			"kernel 6.1.0-test has no module not_there (needed by broken, w)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			picks, err := x.Closure(test.wants)
			var got []string
			for _, p := range picks {
				got = append(got, p.Name+": "+p.Why)
			}
			if !slices.Equal(got, test.picks) {
				t.Errorf("got  %q\nwant %q", got, test.picks)
			}
			text := ""
			if err != nil {
				text = err.Error()
			}
			if text != test.err {
				t.Errorf("got  %q\nwant %q", text, test.err)
			}
			var missing *kmod.NoModuleError
			if (test.err != "") != errors.As(err, &missing) {
				t.Errorf("%v is not a NoModuleError", err)
			}
		})
	}
}

func TestSets(t *testing.T) {
	for _, set := range kmod.Sets() {
		wants, err := kmod.SetWants(set.Name)
		if err != nil || len(wants) != len(set.Modules) || set.Doc == "" {
			t.Errorf("%s: %v", set.Name, err)
		}
		seen := map[string]bool{}
		for _, w := range wants {
			if !w.Optional || w.Why != "driver set "+set.Name || seen[w.Name] || w.Name != kmod.Canonical(w.Name) {
				t.Errorf("%s wants %+v", set.Name, w)
			}
			seen[w.Name] = true
		}
	}
	var unknown *kmod.UnknownSetError
	if _, err := kmod.SetWants("servernic"); !errors.As(err, &unknown) {
		t.Errorf("got %v", err)
	}
}

func TestTables(t *testing.T) {
	x := scan(t)
	picks, err := x.Closure([]kmod.Want{{Name: "e1000e"}, {Name: "ext4"}})
	if err != nil {
		t.Fatal(err)
	}
	tables := x.Tables(picks)
	for name, want := range map[string]string{
		"modules.dep": `kernel/drivers/net/e1000e.ko: kernel/drivers/net/mdio-lib.ko kernel/drivers/ptp/ptp.ko kernel/drivers/pps/pps_core.ko
kernel/drivers/net/mdio-lib.ko: kernel/drivers/pps/pps_core.ko
kernel/drivers/pps/pps_core.ko:
kernel/drivers/ptp/ptp.ko: kernel/drivers/pps/pps_core.ko
kernel/fs/ext4/ext4.ko:
kernel/lib/after.ko:
kernel/lib/crc_a.ko:
kernel/lib/crc_b.ko:
`,
		"modules.alias": `# Aliases extracted from modules themselves.
alias pci:v00008086d000010D3sv* e1000e
alias pci:v00008086d000010EAsv* e1000e
alias fs-ext4 ext4
alias fs-ext3 ext4
alias crypto-crc crc_a
alias crypto-crc crc_b
`,
		"modules.softdep": `# Soft dependencies extracted from modules themselves.
softdep ext4 pre: crypto-crc post: after missing
`,
		"modules.order": `kernel/lib/crc_b.ko
kernel/lib/crc_a.ko
kernel/drivers/net/e1000e.ko
kernel/drivers/net/mdio-lib.ko
kernel/drivers/pps/pps_core.ko
kernel/drivers/ptp/ptp.ko
kernel/fs/ext4/ext4.ko
kernel/lib/after.ko
`,
		"modules.builtin": `kernel/lib/crc-builtin.ko
kernel/fs/nls/nls_base.ko
`,
	} {
		if got := string(tables[name]); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
		delete(tables, name)
	}
	if len(tables) > 0 {
		t.Errorf("also %v", tables)
	}
}
