package suggest

import (
	"slices"
	"testing"
)

func TestClosest(t *testing.T) {
	known := []string{"dhcp4", "dhcp6", "mtu", "virtio_net", "virtio_console", "e1000e", "private_key_file"}
	for word, want := range map[string]string{
		"dhpc4": "dhcp4", "DHCP4": "dhcp4", "virtio-nett": "virtio_net", "e1000": "e1000e", "xyz": "",
		"private_key": "private_key_file", "private-k": "private_key_file", "virtio": "", "pri": "", "": "",
	} {
		if got := Closest(word, known); got != want {
			t.Errorf("Closest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestNear(t *testing.T) {
	known := []string{"mdadm", "mdevctl", "nftables", "linux-image-amd64", "linux-image-cloud-amd64"}
	for word, want := range map[string][]string{
		"mdamd": {"mdadm"}, "linux-imag": {"linux-image-amd64"}, "zzz": nil,
	} {
		if got := Near(word, known); !slices.Equal(got, want) {
			t.Errorf("Near(%q) = %q, want %q", word, got, want)
		}
	}
}
