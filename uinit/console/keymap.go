package console

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
)

// LoadKeymap gives the keyboards of screens the map that the kernel line names, or else the image's own, where it has one. There is one
// for all screens, and it is there before a keyboard is.
func LoadKeymap(line cmdline.Line) error {
	name, asked := line.Get(cmdline.Keymap)
	if !asked {
		name = spec.OwnKeymap
	}
	text, err := os.ReadFile("/etc/uinit/keymap/" + strings.ReplaceAll(name, "/", "_"))
	if errors.Is(err, fs.ErrNotExist) {
		if !asked {
			return nil
		}
		return fmt.Errorf("%s=%s: the image has no such keyboard map; it has: %s", cmdline.Keymap, name, keymaps())
	}
	if err == nil {
		err = loadKeymap(text)
	}
	if err != nil {
		return fmt.Errorf("loading the keyboard map %s: %w", name, err)
	}
	return nil
}

// keymaps are the names of those that the image has.
func keymaps() string {
	var names []string
	rows, _ := os.ReadDir("/etc/uinit/keymap")
	for _, row := range rows {
		if row.Name() != spec.OwnKeymap {
			names = append(names, row.Name())
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// kbentry is what one key means in one table, struct kbentry of linux/kd.h.
type kbentry struct {
	table, index uint8
	value        uint16
}

const kdskbent = 0x4b47 // KDSKBENT of linux/kd.h

func loadKeymap(text []byte) error {
	keys, err := parseKeymap(text)
	if err != nil {
		return err
	}
	f, err := os.OpenFile("/dev/tty0", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, key := range keys {
		if _, _, no := unix.Syscall(unix.SYS_IOCTL, f.Fd(), kdskbent, uintptr(unsafe.Pointer(&key))); no != 0 {
			return fmt.Errorf("key %d of table %d: %w", key.index, key.table, no)
		}
	}
	return nil
}

// parseKeymap reads what "loadkeys --bkeymap" wrote: the word, which of the tables are there, and these, of keysPerTable values each.
func parseKeymap(text []byte) ([]kbentry, error) {
	const magic, tables, keysPerTable = "bkeymap", 256, 128
	rest, ok := strings.CutPrefix(string(text), magic)
	if !ok || len(rest) < tables {
		return nil, errors.New("it is none")
	}
	there, values := rest[:tables], []byte(rest[tables:])
	if want := 2 * keysPerTable * strings.Count(there, "\x01"); len(values) != want {
		return nil, fmt.Errorf("its tables have %d bytes, not %d", len(values), want)
	}
	var keys []kbentry
	for table := range tables {
		if there[table] != 1 {
			continue
		}
		for index := range keysPerTable {
			keys = append(keys, kbentry{uint8(table), uint8(index), binary.LittleEndian.Uint16(values)})
			values = values[2:]
		}
	}
	return keys, nil
}
