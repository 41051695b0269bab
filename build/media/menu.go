package media

import (
	"strconv"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// menu is what GRUB offers on media, whatever the firmware. Meanwhile it draws nothing: over a serial line that is quicker than
// drawing a menu and not waiting.
func menu(p *plan.Plan, from *profile.Profile) grub.Menu {
	m := grub.Menu{Name: p.Name, Seconds: int(time.Duration(from.Menu.Wait) / time.Second), Serial: menuSerial(p.Cmdline), PasswordHash: string(from.Boot.PasswordHash)}
	for _, item := range from.MenuItems() {
		// What starts the system as usual leads no further than a login; so does another disk.
		e := grub.Entry{Title: item.Title, Hotkey: item.Key, Do: grub.Kernel{Cmdline: item.Line}, Unguarded: item.Entry != profile.MenuRescue}
		switch item.Entry {
		case profile.MenuMemory:
			e.Do = grub.MemoryTest{Cmdline: item.Line}
		case profile.MenuDisk:
			e.Do = grub.NextDisk{}
		}
		m.Entries = append(m.Entries, e)
	}
	return m
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
