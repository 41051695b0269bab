package profile

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// What people write by mistake over the whole schema: values swapped or copied, keys that exclude each other, addresses of nobody. Each
// profile is sound but for what is told.
func TestMistakes(t *testing.T) {
	for _, tc := range slices.Concat(textMistakes, linkMistakes, routeMistakes, serviceMistakes, storageMistakes, wordMistakes, runMistakes) {
		t.Run(tc.name, func(t *testing.T) {
			_, got, err := Load("p.toml", finder(map[string]string{"p.toml": sound + tc.text}))
			if err != nil && !errors.As(err, &got) {
				t.Fatal(err)
			}
			wantProblems(t, got, tc.want)
		})
	}
}

// The kernel line, of which sound has another.
func TestMistakenKernelLines(t *testing.T) {
	for words, want := range map[string][]string{
		`"rdinit=/bin/sh"`:                       {`p.toml:2:36: kernel.cmdline[1]: starts /bin/sh in place of uinit, which does all that this profile says; accepted: without it`},
		`"nomodule"`:                             {`p.toml:2:36: kernel.cmdline[1]: lets the kernel load no modules`},
		`"init=/bin/sh", "root=/dev/sda1"`:       {`p.toml:2:36: warning: kernel.cmdline[1]: is for a root file system`, `p.toml:2:52: warning: kernel.cmdline[2]: is for a root`},
		`"single"`:                               {`p.toml:2:36: warning: kernel.cmdline[1]: gives a rescue shell at each boot`},
		`"ipv6.disable=1"`:                       {`p.toml:8:13: ethernet.lan.addresses[0]: 2001:db8::1/64 is one of IPv6, and ipv6.disable=1 in kernel.cmdline takes that from the kernel`},
		`"quiet", "mitigations=off", "rootwait"`: nil,
	} {
		text := "[kernel]\ncmdline = [\"console=ttyS0,115200\", " + words + "]\npackage = \"linux-image-amd64\"\n[console.ttyS0]\n[access]\nhost_password = true\n[ethernet.lan]\naddresses=[ \"2001:db8::1/64\"]\n"
		_, got, err := Load("p.toml", finder(map[string]string{"p.toml": text}))
		if err != nil && !errors.As(err, &got) {
			t.Fatal(err)
		}
		wantProblems(t, got, want)
	}
	for name, want := range map[string]bool{"linux-image-amd64": true, "linux-image-amd64 ": false, "linux-image-amd64=6.1": false} {
		_, _, err := Load("p.toml", finder(map[string]string{"p.toml": strings.Replace(sound, "linux-image-amd64", name, 1)}))
		if (err == nil) != want || err != nil && !strings.HasPrefix(err.Error(), "p.toml:3:11: kernel.package: ") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
