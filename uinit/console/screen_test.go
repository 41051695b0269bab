package console

import (
	"maps"
	"path/filepath"
	"testing"
)

func TestDisplay(t *testing.T) {
	const host0 = "bus/pci/devices/0000:00:00.0/class" // a host bridge
	for name, test := range map[string]struct {
		sys  map[string]string
		want bool
	}{
		"no PCI":            {nil, true},
		"no card":           {map[string]string{host0: "0x060000\n"}, false},
		"a card":            {map[string]string{host0: "0x060000\n", "bus/pci/devices/0000:00:02.0/class": "0x030000\n"}, true},
		"a frame buffer":    {map[string]string{host0: "0x060000\n", "class/graphics/fb0/name": "EFI VGA\n"}, true},
		"its console alone": {map[string]string{host0: "0x060000\n", "class/graphics/fbcon/rotate": "0\n"}, false},
		"drm with a card":   {map[string]string{host0: "0x060000\n", "class/drm/card0/dev": "226:0\n"}, true},
		"drm without":       {map[string]string{host0: "0x060000\n", "class/drm/version": "drm 1.1.0\n"}, false},
	} {
		h := machine(t, map[string]string{"tty1": "", "ttyS0": "4"})
		for file, text := range test.sys {
			put(t, filepath.Join(h.sys, file), text)
		}
		want := map[string]bool{"tty1": test.want, "ttyS0": true}
		got := map[string]bool{"tty1": h.present("tty1"), "ttyS0": h.present("ttyS0")}
		if !maps.Equal(got, want) {
			t.Errorf("%s: present %v, want %v", name, got, want)
		}
	}
}

func TestBrings(t *testing.T) {
	for _, test := range []struct {
		terminal, subsystem, device string
		want                        bool
	}{
		{"ttyUSB0", "tty", "ttyUSB0", true}, {"ttyUSB0", "tty", "ttyUSB1", false}, {"ttyUSB0", "graphics", "fb0", false},
		{"tty1", "tty", "tty1", true}, {"tty1", "graphics", "fb0", true}, {"tty1", "drm", "card0", true},
		{"tty1", "pci", "0000:02:00.0", true}, {"tty1", "net", "eth0", false},
	} {
		if got := Brings(test.terminal, test.subsystem, test.device); got != test.want {
			t.Errorf("%s/%s brings %s: %v", test.subsystem, test.device, test.terminal, got)
		}
	}
}
