package console

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckPassword(t *testing.T) {
	etc := t.TempDir()
	for name, text := range map[string]string{
		"passwd": "root:x:0:0::/root:/bin/sh\neve:x:1000:1000::/home/eve:/bin/sh\n",
		// "correct horse"
		"shadow": "root:!:::::::\neve:$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0:::::::\n",
	} {
		if err := os.WriteFile(filepath.Join(etc, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name, password string
		want           bool
	}{
		{"eve", "correct horse", true}, {"eve", "correct horse\n", false}, {"eve", "", false},
		{"eve", "correct horse" + strings.Repeat("x", 2*maxPassword), false},
		{"root", "", false}, {"root", "correct horse", false}, {"nobody", "correct horse", false}, {"", "", false},
	} {
		if got, err := checkPassword(etc, tt.name, strings.NewReader(tt.password)); got != tt.want || err != nil {
			t.Errorf("%q with %.20q: %v, %v", tt.name, tt.password, got, err)
		}
	}
	if ok, err := checkPassword(filepath.Join(etc, "none"), "eve", strings.NewReader("x")); ok || err == nil {
		t.Errorf("without accounts: %v, %v", ok, err)
	}
}
