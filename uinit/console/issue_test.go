package console

import (
	"net/netip"
	"strings"
	"testing"
)

func TestIssue(t *testing.T) {
	full := view{
		hostname: "headless", kernel: "6.1.0-56-amd64", terminal: "ttyS0", speed: 115200, version: "2026.49", serial: "ABC\x1b[2J123",
		links: []linkView{
			{"lan", []netip.Addr{netip.MustParseAddr("10.0.2.15"), netip.MustParseAddr("fe80::5054:ff:fe12:3456"), netip.MustParseAddr("2001:db8::15")}},
			{"wan", nil},
		},
		hostKey: "SHA256:abc",
		status:  []string{"link:wan late: no carrier on wan"},
	}
	own := func(text string) *string { return &text }
	tests := map[string]struct {
		view   view
		custom *string
		want   string
	}{
		"standard": {full, nil, `headless, Linux 6.1.0-56-amd64, ttyS0 at 115200
  lan      10.0.2.15  fe80::5054:ff:fe12:3456  2001:db8::15
  wan      no address
  version  2026.49
  serial   ABC[2J123
  ssh      SHA256:abc
! link:wan late: no carrier on wan
`},
		"screen without anything":   {view{hostname: "box", kernel: "6.1", terminal: "tty1"}, nil, "box, Linux 6.1, tty1\n"},
		"the profile's own":         {full, own(`\n on \l: \4 \6 \s \r \k \\4 \x \` + "\n\n"), `headless on ttyS0: 10.0.2.15 2001:db8::15 ABC[2J123 6.1.0-56-amd64 SHA256:abc \4 \x \` + "\n"},
		"none, as the profile says": {full, own(""), ""},
		"without addresses":         {view{hostname: "box"}, own(`\n [\4] [\6]`), "box [] []\n"},
	}
	for name, tt := range tests {
		if got := tt.view.issue(tt.custom); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, tt.want)
		}
	}
}

func TestUnusableAddresses(t *testing.T) {
	got := unusable(strings.NewReader(`fe80000000000000505400fffe123456 02 40 20 80     eth0
20010db8000000000000000000000015 02 40 00 40     eth0
20010db8000000000000000000000016 02 40 00 88     eth0
rubbish
zz 02 40 00 40 eth0
20010db8000000000000000000000017 02 40 00 40
20010db8000000000000000000000018 02 40 00
`))
	if len(got) != 3 || !got[netip.MustParseAddr("2001:db8::17")] || !got[netip.MustParseAddr("2001:db8::15")] || !got[netip.MustParseAddr("2001:db8::16")] {
		t.Errorf("%v, want the tentative and the duplicate address", got)
	}
}

func TestIssueHasNoMicroSign(t *testing.T) {
	if got := (view{status: []string{"x late: 15\u00b5s"}}).issue(nil); !strings.HasSuffix(got, "! x late: 15us\n") {
		t.Errorf("%q", got)
	}
}
