package media

import (
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// menu is what GRUB offers on media. It waits for one second for a hotkey and draws
// nothing: over a serial line that is quicker than drawing a menu and not waiting.
func menu(p *plan.Plan, from *profile.Profile) grub.Menu {
	entries := []grub.Entry{{Title: p.Name, Hotkey: "n", Cmdline: p.Cmdline, Unguarded: true}}
	if from.GivesRescue() {
		entries = append(entries, grub.Entry{Title: p.Name + " (rescue shell)", Hotkey: "r", Cmdline: strings.TrimSpace(p.Cmdline + " " + profile.RescueParam)})
	}
	return grub.Menu{Entries: entries, Seconds: 1, Hidden: true, Serial: menuSerial(p.Cmdline), PasswordHash: string(from.Boot.PasswordHash)}
}

// menuSerial is the serial port for the menu: the last one that the kernel line
// names, for there /dev/console is too. A BIOS knows four.
func menuSerial(cmdline string) *grub.Serial {
	var s *grub.Serial
	for word := range strings.FieldsSeq(cmdline) {
		value, ok := strings.CutPrefix(word, "console=ttyS")
		if !ok {
			continue
		}
		port, options, _ := strings.Cut(value, ",")
		unit, err := strconv.Atoi(port)
		if err != nil || unit < 0 || unit > 3 {
			continue
		}
		digits := len(options) - len(strings.TrimLeft(options, "0123456789"))
		baud, err := strconv.Atoi(options[:digits])
		if err != nil {
			baud = 9600 // the kernel's own default
		}
		s = &grub.Serial{Unit: unit, Baud: baud}
	}
	return s
}
