// Package grub makes what starts a machine with a BIOS: GRUB's menu, its core image
// and the boot sectors that load it.
package grub

import (
	"bytes"
	"fmt"
	"strings"
)

// Menu is what GRUB shows and starts.
type Menu struct {
	// Entries, of which the first is started unless a key is pressed.
	Entries []Entry
	// Seconds to wait for a key. With Hidden, a line that names the keys stands for the menu,
	// which is drawn when somebody asks for it: over a serial line that saves seconds.
	Seconds int
	Hidden  bool
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
	Title string
	// Hotkey is a single character, or empty.
	Hotkey string
	// Cmdline is the kernel's command line.
	Cmdline string
	// Unguarded entries start without the menu's password.
	Unguarded bool
}

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

// Config renders grub.cfg for one kernel and initrd that all entries share. It
// needs the modules that Core puts in. Errors name what GRUB cannot pass on to a
// kernel.
func Config(m Menu, linux, initrd Blocks) ([]byte, error) {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if m.PasswordHash != "" { // first of all: what follows may fail
		hash, err := quote(m.PasswordHash)
		if err != nil {
			return nil, fmt.Errorf("writing GRUB's menu: its password's hash: %w", err)
		}
		line("set superusers=%s", Superuser)
		line("password_pbkdf2 %s %s", Superuser, hash)
	}
	if s := m.Serial; s != nil {
		line("if serial --unit=%d --speed=%d; then", s.Unit, s.Baud)
		line("  terminal_input --append serial")
		line("  terminal_output --append serial")
		line("fi")
	}
	if m.Hidden {
		hint, err := quote(m.hint())
		if err != nil {
			return nil, fmt.Errorf("writing GRUB's menu: %w", err)
		}
		line("echo %s", hint)
		line("set timeout_style=hidden")
	}
	line("set timeout=%d", m.Seconds)
	for _, e := range m.Entries {
		title, err := quote(e.Title)
		if err != nil {
			return nil, fmt.Errorf("writing GRUB's menu: the title %q: %w", e.Title, err)
		}
		hotkey := ""
		if e.Hotkey != "" {
			key, err := quote(e.Hotkey)
			if err != nil || len(e.Hotkey) != 1 {
				return nil, fmt.Errorf("writing GRUB's menu: the hotkey %q is not one printable character", e.Hotkey)
			}
			hotkey = " --hotkey=" + key
		}
		if m.PasswordHash != "" && e.Unguarded {
			hotkey += " --unrestricted"
		}
		words, err := words(e.Cmdline)
		if err != nil {
			return nil, fmt.Errorf("writing GRUB's menu: the command line %q: %w", e.Cmdline, err)
		}
		line("menuentry %s%s {", title, hotkey)
		line("  linux %s", strings.Join(append([]string{linux.String()}, words...), " "))
		line("  initrd %s", initrd)
		line("}")
	}
	return b.Bytes(), nil
}

// hint is what is to be seen of a hidden menu: the keys that it takes.
func (m Menu) hint() string {
	text := "Esc: menu"
	for _, e := range m.Entries {
		if e.Hotkey != "" {
			text += ", " + e.Hotkey + ": " + e.Title
		}
	}
	return text
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
