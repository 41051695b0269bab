// Package grub makes the boot menu of media, for a BIOS and for UEFI alike: out of a list of entries GRUB's configuration, the
// images of GRUB that read it, and the boot sectors that load one.
package grub

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// Serial is a UART that the BIOS knows: unit 0 is COM1, ttyS0.
type Serial struct {
	Unit, Baud int
}

// Blocks is a run of sectors of 512 bytes on the device that GRUB was started from,
// which it reads as a file.
type Blocks struct {
	// Start counts from the start of GRUB's root: a partition, or a whole CD.
	Start, Count int64
}

// BlocksOf covers size bytes at offset, a multiple of 512; the last sector is covered
// as a whole.
func BlocksOf(offset, size int64) Blocks {
	if offset%512 != 0 {
		panic(fmt.Sprintf("BUG: blocks at byte %d, inside a sector", offset))
	}
	return Blocks{offset / 512, (size + 511) / 512}
}

// String writes the blocks as GRUB's block list syntax does.
func (b Blocks) String() string { return fmt.Sprintf("($root)%d+%d", b.Start, b.Count) }

// Firmware is what GRUB was started by.
type Firmware string

// Firmwares.
const (
	BIOS Firmware = "BIOS"
	UEFI Firmware = "UEFI"
)

// Files that entries need, by which Config asks where they are.
const (
	LinuxFile   = "linux"
	InitrdFile  = "initrd"
	MemtestFile = "memtest"
)

// Site is where a menu is used.
type Site struct {
	Firmware Firmware
	// Fixed menus can't be edited by anybody, and give nobody a command line: all that they start is signed.
	Fixed bool
	// Whole: files are counted from the start of the whole device, and not of the partition that GRUB was started from.
	Whole bool
	// Slot: it lies in a slot, and the kernel is told in which.
	Slot bool
	// File says how GRUB finds one of the files above: as a path, or as Blocks.
	File func(name string) string
}

// config is a grub.cfg that is being written.
type config struct {
	Site
	b bytes.Buffer
}

func (c *config) line(format string, args ...any) { fmt.Fprintf(&c.b, format+"\n", args...) }

func (c *config) file(name string) string { return c.File(name) }

// Config renders grub.cfg. It needs the modules of Tools. Errors name what GRUB cannot pass on to a kernel.
func Config(m Menu, at Site) ([]byte, error) {
	c := &config{Site: at}
	if err := c.menu(m); err != nil {
		return nil, fmt.Errorf("writing GRUB's menu: %w", err)
	}
	return c.b.Bytes(), nil
}

func (c *config) menu(m Menu) error {
	if err := c.guard(m); err != nil { // first of all: what follows may fail
		return err
	}
	if c.Firmware == UEFI {
		// The menu comes from memory; the rest from the device that the firmware started GRUB from.
		c.line(`regexp --set=1:root '^\(([^)]*)\)' "$cmdpath"`)
	}
	c.line(`regexp --set=1:medium '^([^,]*)' "$root"`)
	if c.Whole {
		c.line("set root=$medium")
	}
	if c.Slot {
		c.line("set from_slot=")
		for i, number := range []int{layout.SlotANumber, layout.SlotBNumber} {
			c.line("if regexp ',gpt%d$' \"$root\"; then set from_slot=%s=%s; fi", number, slot.Param, slot.Names[i])
		}
	}
	if err := c.hint(m); err != nil {
		return err
	}
	c.line("set timeout_style=hidden")
	c.line("set timeout=%d", m.Seconds)
	for _, e := range m.Entries {
		if err := c.entry(m, e); err != nil {
			return err
		}
	}
	if c.Slot && c.Firmware == BIOS {
		c.line("set whole=yes") // for the chooser
	}
	return nil
}

// hint is for the screen alone, and then for the serial line alone: what UEFI's firmware shows of the screen on the same line is
// cleared away, and GRUB draws there after the firmware does, for terminals of 80 columns and 24 lines.
func (c *config) hint(m Menu) error {
	c.line("function hint {")
	c.line("  clear")
	for _, text := range m.hint() {
		quoted, err := quote(text)
		if err != nil {
			return err
		}
		c.line("  echo %s", quoted)
	}
	c.line("}")
	s := m.Serial
	if s == nil {
		c.line("hint")
		return nil
	}
	// The port first: what is typed at the sight of a key would be lost when it is set up.
	c.line("if serial --unit=%d --speed=%d; then", s.Unit, s.Baud)
	c.line("  terminal_input --append serial")
	c.line("  hint")
	c.line("  terminal_output serial")
	c.line("  hint")
	c.line("  terminal_output --append console")
	c.line("else")
	c.line("  hint")
	c.line("fi")
	return nil
}

// guard says who may do more than choose.
func (c *config) guard(m Menu) error {
	super := ""
	if m.PasswordHash != "" {
		hash, err := quote(m.PasswordHash)
		if err != nil {
			return fmt.Errorf("its password's hash: %w", err)
		}
		super = Superuser
		defer c.line("password_pbkdf2 %s %s", Superuser, hash)
	}
	if c.Fixed {
		super = "nobody" // has no password, so that none is right
	}
	if super != "" {
		c.line("set superusers=%s", super)
	}
	return nil
}

func (c *config) entry(m Menu, e Entry) error {
	title, err := quote(e.name())
	if err != nil {
		return fmt.Errorf("the title %q: %w", e.Title, err)
	}
	options := ""
	if e.Hotkey != "" {
		key, err := quote(e.Hotkey)
		if err != nil || len(e.Hotkey) != 1 {
			return fmt.Errorf("the hotkey %q is not one printable character", e.Hotkey)
		}
		options = " --hotkey=" + key
	}
	switch guarded := m.PasswordHash != "" && !e.Unguarded; {
	case guarded && c.Fixed:
		options += " --users " + Superuser
	case !guarded && (c.Fixed || m.PasswordHash != ""):
		options += " --unrestricted"
	}
	commands, err := e.Do.commands(c)
	if err != nil {
		return err
	}
	if _, starts := e.Do.(Kernel); starts && c.Slot {
		commands = c.orElse(commands)
	}
	c.line("menuentry %s%s {", title, options)
	for _, command := range commands {
		c.line("  %s", command)
	}
	c.line("}")
	return nil
}

// orElse has commands that start the slot's kernel followed by what is done where one of them fails: nobody may be there to see that,
// and GRUB would wait for him.
func (c *config) orElse(commands []string) []string {
	after := []string{"slot_failed"} // of the chooser, which is the same GRUB
	switch {
	case c.Firmware == UEFI && c.Fixed:
		after = []string{"echo 'This slot cannot be started. The machine starts again in 30 seconds.'", "sleep --interruptible 30", "reboot"}
	case c.Firmware == UEFI:
		after = []string{"exit"} // to the chooser
	}
	return append([]string{"if " + strings.Join(commands, "; then if ") + "; then boot" + strings.Repeat("; fi", len(commands))}, after...)
}

// words splits a command line as the kernel does, where quotation marks keep blanks
// together, and quotes each for GRUB. GRUB itself puts the marks back around a word
// with blanks; what it would have to escape, the kernel would not read back.
func words(cmdline string) ([]string, error) {
	var all []string
	quoted := false
	fields := strings.FieldsFunc(cmdline, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return !quoted && r == ' '
	})
	if quoted {
		return nil, fmt.Errorf("a quotation mark is not closed")
	}
	for _, f := range fields {
		f = strings.ReplaceAll(f, `"`, "")
		if strings.ContainsAny(f, `\'`) {
			return nil, fmt.Errorf(`GRUB cannot hand \ and ' to a kernel`)
		}
		word, err := quote(f)
		if err != nil {
			return nil, err
		}
		all = append(all, word)
	}
	return all, nil
}

// quote keeps GRUB's script language from touching s.
func quote(s string) (string, error) {
	for _, r := range s {
		if r < ' ' || r == 0x7f {
			return "", fmt.Errorf("it holds the control character %q", r)
		}
	}
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,-_=:/@%+"
	if s != "" && strings.Trim(s, plain) == "" {
		return s, nil
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'", nil
}
