package passwd

import (
	"errors"
	"testing"
)

func TestSetHash(t *testing.T) {
	const hash = "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0"
	for _, tt := range []struct{ in, want string }{
		{"root:*:19000::::::\nprobe:!:19000::::::\n", "root:" + hash + ":19000::::::\nprobe:!:19000::::::\n"},
		{"a:x:1\nroot::1", "a:x:1\nroot:" + hash + ":1"},
	} {
		if got, err := SetHash(tt.in, "root", hash); got != tt.want || err != nil {
			t.Errorf("SetHash(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
		}
	}
	for _, text := range []string{"", "rootling:*:1\n", "root\n", "#root:*:1"} {
		if got, err := SetHash(text, "root", hash); !errors.Is(err, ErrNone) {
			t.Errorf("SetHash(%q) = %q, %v", text, got, err)
		}
	}
}
