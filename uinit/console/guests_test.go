package console

import (
	"os"
	"path/filepath"
	"testing"
)

func TestInterfacesOfGuests(t *testing.T) {
	sys := t.TempDir()
	for name, files := range map[string]map[string]string{
		"lan": {"ifindex": "2\n", "iflink": "2\n"}, "lan.20": {"ifindex": "5\n", "iflink": "2\n", "lower_lan": ""}, "sit0": {"ifindex": "6\n", "iflink": "0\n"},
		"vm-lan": {"ifindex": "7\n", "iflink": "7\n", "tun_flags": "0x5002\n"}, "web--eth0": {"ifindex": "8\n", "iflink": "3\n"},
	} {
		dir := filepath.Join(sys, "class/net", name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for file, text := range files {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := (host{sys: sys}).ofGuest(name), name == "vm-lan" || name == "web--eth0"; got != want {
			t.Errorf("%s is a guest's: %v", name, got)
		}
	}
}
