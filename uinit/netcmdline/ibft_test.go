package netcmdline

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
)

// table is /sys with what the kernel shows of a firmware's table: "KEY=VALUE" words of each interface.
func table(nics ...string) fs.FS {
	sys := fstest.MapFS{"firmware/ibft/target0/port": {Data: []byte("3260\n")}}
	for i, nic := range nics {
		for _, word := range strings.Fields(nic) {
			key, value, _ := strings.Cut(word, "=")
			sys["firmware/ibft/ethernet"+string(rune('0'+i))+"/"+key] = &fstest.MapFile{Data: []byte(value + "\n")}
		}
	}
	return sys
}

func TestFirmware(t *testing.T) {
	const static = "mac=52:54:00:12:34:56 flags=3 ip-addr=192.0.2.9 subnet-mask=255.255.255.0 gateway=192.0.2.1 primary-dns=192.0.2.53 secondary-dns=0.0.0.0 vlan=0 origin=1 dhcp=0.0.0.0"
	for _, tt := range []struct {
		what, line string
		sys        fs.FS
		as         string // the line that does the same
	}{
		{"static", "quiet ip=ibft", table(static), "quiet ifname=ibft0:52:54:00:12:34:56 ip=192.0.2.9::192.0.2.1:255.255.255.0::ibft0:none:192.0.2.53"},
		{"on a VLAN, with a length", "ip=ibft", table(strings.Replace(static, "vlan=0", "vlan=7 prefix-len=26", 1)),
			"ifname=ibft0:52:54:00:12:34:56 vlan=vlan7:ibft0 ip=192.0.2.9::192.0.2.1:26::vlan7:none:192.0.2.53"},
		{"by DHCP", "ip=ibft", table(strings.Replace(static, "dhcp=0.0.0.0", "dhcp=192.0.2.2", 1)), "ifname=ibft0:52:54:00:12:34:56 ip=ibft0:dhcp"},
		{"by DHCP, as its origin says", "ip=ibft", table(strings.Replace(static, "origin=1", "origin=3", 1)), "ifname=ibft0:52:54:00:12:34:56 ip=ibft0:dhcp"},
		{"by DHCPv6", "ip=ibft", table(strings.Replace(static, "dhcp=0.0.0.0", "dhcp=2001:db8::2", 1)), "ifname=ibft0:52:54:00:12:34:56 ip=ibft0:dhcp6"},
		{"IPv6", "ip=ibft", table("mac=52:54:00:12:34:56 flags=3 ip-addr=2001:db8::9 prefix-len=64 gateway=2001:db8::1 subnet-mask=0.0.0.0 primary-dns=::"),
			"ifname=ibft0:52:54:00:12:34:56 ip=[2001:db8::9]::[2001:db8::1]:64::ibft0:none"},
		{"one that was not booted from, and one that was", "ip=ibft", table("mac=52:54:00:00:00:01 flags=1 dhcp=192.0.2.2", "mac=52:54:00:00:00:02 flags=3 dhcp=192.0.2.2"),
			"ifname=ibft0:52:54:00:00:00:02 ip=ibft0:dhcp"},
		{"no table", "ip=ibft", fstest.MapFS{}, "ip=ibft"},
		{"a table that says nothing", "ip=ibft", table("mac=52:54:00:12:34:56 flags=3", "flags=3", "mac=52:54:00:12:34:56"), "ip=ibft"},
		{"nobody asks", "ip=dhcp", table(static), "ip=dhcp"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			line := cmdline.Parse(tt.line)
			if AsksFirmware(line) {
				line = Firmware(line, tt.sys)
			}
			got, problems := Override(image(), line)
			want, same := Override(image(), cmdline.Parse(tt.as))
			if a, b := text(t, got), text(t, want); a != b {
				t.Errorf("machine\n%s\nwant\n%s", a, b)
			}
			if len(problems) != len(same) || len(problems) > 0 && tt.as != "ip=ibft" {
				t.Errorf("problems %v", problems)
			}
		})
	}
}

func FuzzFirmware(f *testing.F) {
	f.Add("52:54:00:12:34:56", "3", "192.0.2.9", "24", "7", "")
	f.Add("52:54:00:12:34:56", "0xff", "2001:db8::9", "", "x", "::1")
	f.Fuzz(func(t *testing.T, mac, flags, address, length, vlan, dhcp string) {
		sys := fstest.MapFS{}
		for key, value := range map[string]string{"mac": mac, "flags": flags, "ip-addr": address, "prefix-len": length, "vlan": vlan, "dhcp": dhcp} {
			sys["firmware/ibft/ethernet0/"+key] = &fstest.MapFile{Data: []byte(value)}
		}
		got, _ := Override(spec.Machine{}, Firmware(cmdline.Parse("ip=ibft quiet"), sys))
		if len(got.Bond)+len(got.Bridge) > 0 || got.Hostname != "" {
			t.Errorf("the table said more than addresses: %s", text(t, got))
		}
	})
}
