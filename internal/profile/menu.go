package profile

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
)

// Menu is what a person can choose instead of the usual start.
type Menu struct {
	// What it offers: "start", the usual start, which is always there, and first; "rescue", a shell before anything is done to the machine, where root has or may get a
	// password or needs none; "serial", the usual start with a serial console at 115200 and at 9600 bits per second; "memory", a test of
	// the machine's memory (memtest86+); "disk", to leave the medium alone and start the machine's own disk.
	Entries []MenuEntry `json:"entries,omitempty" twice:"refused" zero:"refused" default:"start rescue disk"`
	// Keyboard maps that it offers, each with the usual start; they are in the image, beside keymap's.
	Keymaps []spec.Keymap `json:"keymaps,omitempty" twice:"refused"`
	// How long it waits for a key before the usual start goes on. Keys are named on the screen and on the serial line meanwhile.
	Wait spec.Duration `json:"wait,omitempty" default:"1s" accept:"1s to 5m"`
}

// MenuEntry is one of: start, rescue, serial, memory, disk.
type MenuEntry string

// Entries of the menu.
const (
	MenuStart  MenuEntry = "start"
	MenuRescue MenuEntry = "rescue"
	MenuSerial MenuEntry = "serial"
	MenuMemory MenuEntry = "memory"
	MenuDisk   MenuEntry = "disk"
)

// UnmarshalText accepts the entries above.
func (e *MenuEntry) UnmarshalText(b []byte) error {
	return spec.Choice(e, b, "an entry of the boot menu", MenuStart, MenuRescue, MenuSerial, MenuMemory, MenuDisk)
}

// MenuItem is a line of the menu.
type MenuItem struct {
	// Entry is MenuStart for those that start the system as usual, but for their words on the kernel line.
	Entry MenuEntry
	// Key is what a person presses, Title what comes of it.
	Key, Title string
	// Line is the kernel line, or memtest86+'s; "" where there is none.
	Line string
}

// MenuItems are the lines of the menu, of which the first is the usual start.
func (p *Profile) MenuItems() []MenuItem {
	line, name := p.KernelLine(), string(p.Name)
	items := []MenuItem{{MenuStart, "s", "Start " + name, line}}
	if p.offers(MenuRescue) && p.GivesRescue() {
		items = append(items, MenuItem{MenuRescue, "r", "Rescue: a root shell, before anything is started", strings.TrimSpace(line + " " + RescueParam)})
	}
	if p.offers(MenuSerial) {
		port := menuPort(line)
		for key, bits := range map[string]string{"1": "115200", "9": "9600"} {
			items = append(items, MenuItem{MenuStart, key, fmt.Sprintf("Start %s, serial console %s at %s bit/s", name, port, bits), onSerial(line, port, bits)})
		}
		slices.SortFunc(items[len(items)-2:], func(a, b MenuItem) int { return strings.Compare(a.Key, b.Key) })
	}
	for _, name := range p.Menu.Keymaps {
		items = append(items, MenuItem{MenuStart, keyFor(string(name), items), fmt.Sprintf("Start %s, keyboard %s", p.Name, name), strings.TrimSpace(line + " " + cmdline.Keymap + "=" + string(name))})
	}
	if p.offers(MenuMemory) {
		items = append(items, MenuItem{MenuMemory, "m", "Test the memory of this machine (memtest86+)", memtestLine(line)})
	}
	if p.offers(MenuDisk) {
		items = append(items, MenuItem{MenuDisk, "l", "Leave this medium: start the machine's own disk", ""})
	}
	return items
}

// keyFor is a key for an entry of that name: a letter of it, else any, that no other entry has. GRUB has e and c for itself.
func keyFor(name string, items []MenuItem) string {
	taken := "ecml"
	for _, i := range items {
		taken += i.Key
	}
	for _, key := range strings.ToLower(name) + "abcdefghijklmnopqrstuvwxyz" {
		if key >= 'a' && key <= 'z' && !strings.ContainsRune(taken, key) {
			return string(key)
		}
	}
	return ""
}

// NamedKeymaps are the keyboard maps that the image has, by the keys that name them: the profile's own, and those of the menu.
func (p *Profile) NamedKeymaps() iter.Seq2[string, spec.Keymap] {
	return func(yield func(string, spec.Keymap) bool) {
		if p.Keymap != "" && !yield("keymap", p.Keymap) {
			return
		}
		for i, name := range p.Menu.Keymaps {
			if !yield(joinIndex("menu.keymaps", i), name) {
				return
			}
		}
	}
}

// HasKeymap says whether a keyboard map of that name is in the image; "" stands for any.
func (p *Profile) HasKeymap(name spec.Keymap) bool {
	for _, has := range p.NamedKeymaps() {
		if name == "" || name == has {
			return true
		}
	}
	return false
}

func (p *Profile) offers(e MenuEntry) bool { return slices.Contains(p.Menu.Entries, e) }

// menuPort is the serial port of a kernel line, the last that it names, or the first of a machine.
func menuPort(line string) string {
	port := "ttyS0"
	for word := range strings.FieldsSeq(line) {
		if value, ok := strings.CutPrefix(word, "console=ttyS"); ok {
			number, _, _ := strings.Cut(value, ",")
			port = "ttyS" + number
		}
	}
	return port
}

// onSerial is a kernel line with its messages on a serial port, at a speed in bits per second.
func onSerial(line, port, bits string) string {
	words := slices.DeleteFunc(strings.Fields(line), func(word string) bool {
		return word == "console="+port || strings.HasPrefix(word, "console="+port+",")
	})
	return strings.Join(append(words, "console="+port+","+bits+"n8"), " ")
}

// memtestLine has memtest86+ on the serial port as well as on the screen, where the kernel line names one. It knows four, and no
// parity.
func memtestLine(line string) string {
	at := ""
	for word := range strings.FieldsSeq(line) {
		value, ok := strings.CutPrefix(word, "console=ttyS")
		if !ok {
			continue
		}
		number, options, _ := strings.Cut(value, ",")
		speed := options[:len(options)-len(strings.TrimLeft(options, "0123456789"))]
		if len(number) == 1 && number < "4" {
			at = strings.TrimSuffix("console=ttyS"+number+","+speed, ",")
		}
	}
	return at
}
