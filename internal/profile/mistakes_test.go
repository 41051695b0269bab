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

// What looks like a mistake and is none, each with its reason: it stays accepted, without a warning.
func TestNoMistakes(t *testing.T) {
	for reason, text := range map[string]string{
		"members are waited for so long, and then the array is given up": "[array.d]\nlevel = \"raid0\"\nstart_degraded_after = \"5s\"\n",
		"the port is the usual one":                                      "[log]\nremote = \"udp://192.0.2.1\"\n",
		"a port may stand all the same":                                  "[log]\nremote = \"udp://[2001:db8::1]:514\"\n",
		"two networks use one table, whichever rule is asked first":      "[ethernet.lan]\ndhcp4 = true\n[route.r]\ndestination = \"0.0.0.0/0\"\nlink = \"lan\"\nvia = \"192.0.2.1\"\ntable = 100\n[rule.r]\nfrom = \"192.0.2.0/24\"\ntable = 100\npriority = 100\n[rule.s]\nfrom = \"198.51.100.0/24\"\ntable = 100\npriority = 100\n",
		"signals have two names":                                         "[service.x]\ncommand = [\"/bin/ls\"]\nstop_signal = \"SIGTERM\"\n",
		"which settings there are only the running kernel knows":         "[sysctl]\n\"net.ipv4.nope\" = 1\n",
		"an empty list takes away what an extended profile says":         "[time]\nservers = []\n[packages.zsh]\nfiles = []\n",
		"IPv6 has three ways to be written":                              "[time]\nservers = [\"[2001:db8::1]:123\", \"2001:db8::2\", \"[2001:db8::3]\"]\n",
		"which packages there are only a mirror knows":                   "[packages.nope]\nfiles = [\"/usr/bin/nope\"]\n",
		"the kernel makes one file system of both":                       "[mount.\"/a\"]\nsource = \"/dev/vda\"\ntype = \"ext4\"\n[mount.\"/b\"]\nsource = \"/dev/vda\"\ntype = \"ext4\"\n",
		"a router outside of the network is asked on the link":           "[ethernet.lan]\naddresses = [\"192.0.2.1/32\"]\n[route.r]\ndestination = \"10.0.0.0/8\"\nlink = \"lan\"\nvia = \"198.51.100.1\"\n",
		"a program with one process is a program":                        "[service.x]\ncommand = [\"/x\"]\npids = 1\n",
		"a box makes its key before anybody knows it":                    "[mount.\"/srv\"]\nsource = \"/dev/vda\"\ntype = \"ext4\"\n[wireguard.wg]\nprivate_key_file = \"/srv/wg\"\naddresses = [\"10.9.0.1/24\"]\n",
		"a volume may hold qcow2":                                        "[run]\nmemory = \"2G\"\n[vm.a.disk.a]\npath = \"lvm:vg/a\"\nformat = \"qcow2\"\n",
		"one folder is offered to two networks, each in its way":         "[mount.\"/srv\"]\nsource = \"/dev/vda\"\ntype = \"ext4\"\n[share.nfs.a]\npath = \"/srv/a\"\nclients = [\"192.0.2.0/24\"]\n[share.nfs.b]\npath = \"/srv/a\"\nclients = [\"198.51.100.0/24\"]\nread_only = true\n",
		"--format builds what formats does not name":                     "[disk]\nstate = \"64M\"\n[mount.\"/srv\"]\nsource = \"PARTLABEL=state\"\ntype = \"ext4\"\n",
	} {
		if _, got, err := Load("p.toml", finder(map[string]string{"p.toml": sound + text})); err != nil || len(got) > 0 {
			t.Errorf("%s: %v %v", reason, got, err)
		}
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
