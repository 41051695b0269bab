package console

import (
	"path/filepath"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// display says whether anything could show the kernel's virtual screens: /dev/tty1 is there without,
// and its text mode driver believes in a CGA card where it finds none (drivers/video/console/vgacon.c).
// A card on PCI counts before it has a driver, a frame buffer before the kernel's console takes it over.
func (h host) display() bool {
	for _, pattern := range []string{"class/graphics/fb[0-9]*", "class/drm/card[0-9]*"} {
		if found, _ := filepath.Glob(filepath.Join(h.sys, pattern)); len(found) > 0 {
			return true
		}
	}
	devices, _ := filepath.Glob(filepath.Join(h.sys, "bus/pci/devices/*"))
	for _, device := range devices {
		// Base class 3 is display controllers (PCI Code and ID Assignment Specification).
		if strings.HasPrefix(h.sysText("bus/pci/devices/"+filepath.Base(device)+"/class"), "0x03") {
			return true
		}
	}
	// A machine without PCI does not tell what it has.
	return len(devices) == 0
}

// Brings says whether a device of that subsystem (a uevent's) and name, as it is added, may be what
// an absent terminal lacked.
func Brings(terminal, subsystem, device string) bool {
	switch subsystem {
	case "tty":
		return device == terminal
	case "graphics", "drm", "pci":
		return spec.Screen(terminal)
	}
	return false
}
