package grub

import (
	"fmt"
	"strings"
)

// Menu is what GRUB shows and starts, on a BIOS and on UEFI alike.
type Menu struct {
	// Name of what the medium is, for people.
	Name string
	// Entries, of which the first is started unless a key is pressed.
	Entries []Entry
	// Seconds to wait for a key. Meanwhile lines that name the keys stand for the menu, which is drawn when somebody asks
	// for it: over a serial line that saves seconds.
	Seconds int
	// Serial is the line that the menu appears on beside the screen; nil for none.
	Serial *Serial
	// PasswordHash, where given, is what Superuser is asked for by the menu's editor, GRUB's command line and all
	// entries that don't say Unguarded. It is of the form that password_pbkdf2 takes.
	PasswordHash string
}

// Superuser is the one user of a menu with a password.
const Superuser = "root"

// Entry is one way to start.
type Entry struct {
	// Title says what comes of it, in words for a person.
	Title string
	// Hotkey is a single character, or empty. The screen names it.
	Hotkey string
	// Do is what it does.
	Do Action
	// Unguarded entries start without the menu's password.
	Unguarded bool
}

// Action is Kernel, MemoryTest or NextDisk.
type Action interface {
	// commands are lines of GRUB's script language.
	commands(c *config) ([]string, error)
}

// Kernel starts the medium's kernel and initrd with a command line.
type Kernel struct{ Cmdline string }

// MemoryTest starts memtest86+, with words for its own command line.
type MemoryTest struct{ Cmdline string }

// NextDisk leaves the medium alone and starts what lies on another disk of the machine.
type NextDisk struct{}

// Has says whether an entry does the same kind of thing as do.
func (m Menu) Has(do Action) bool {
	for _, e := range m.Entries {
		if fmt.Sprintf("%T", e.Do) == fmt.Sprintf("%T", do) {
			return true
		}
	}
	return false
}

// hint is what is to be seen while GRUB waits: the keys that it takes, a line each.
func (m Menu) hint() []string {
	second := "a second"
	if m.Seconds != 1 {
		second = fmt.Sprintf("%d seconds", m.Seconds)
	}
	lines := []string{fmt.Sprintf("%s starts in %s. Keys:", m.Name, second)}
	for _, e := range m.Entries {
		if e.Hotkey != "" {
			lines = append(lines, "  "+e.name())
		}
	}
	return append(lines, "  [Esc] Show this as a menu, and wait")
}

// name is an entry's line in the menu.
func (e Entry) name() string {
	if e.Hotkey == "" {
		return e.Title
	}
	return "[" + e.Hotkey + "] " + e.Title
}

func (a Kernel) commands(c *config) ([]string, error) {
	words, err := words(a.Cmdline)
	if err != nil {
		return nil, fmt.Errorf("the command line %q: %w", a.Cmdline, err)
	}
	if c.Slot {
		words = append(words, "$from_slot")
	}
	return []string{
		strings.Join(append([]string{"linux", c.file(LinuxFile)}, words...), " "),
		"initrd " + c.file(InitrdFile),
	}, nil
}

func (a MemoryTest) commands(c *config) ([]string, error) {
	words, err := words(a.Cmdline)
	if err != nil {
		return nil, fmt.Errorf("the command line %q: %w", a.Cmdline, err)
	}
	return []string{strings.Join(append([]string{"linux", c.file(MemtestFile)}, words...), " ")}, nil
}
