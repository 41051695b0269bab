package boot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
)

// longestName is that of a socket (sun_path in unix(7)), without room for what it is for.
const longestName = 96

// desk gives a person's machine the paths of its sockets. They differ from run to run: two may run at once.
func (m *Machine) desk(o Options) error {
	if !o.Desk {
		return nil
	}
	dir, err := m.scratch(o)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("run-%d-", os.Getpid())
	if m.Config.Desk = filepath.Join(dir, name); len(m.Config.Desk) > longestName {
		m.Config.Desk = filepath.Join(os.TempDir(), "imgbuild-"+name)
	}
	return nil
}

// spare is the file of a blank disk to plug in, by the monitor of a machine with Options.Pluggable.
const spare = "+spare.img"

// Plugging says how disks are pulled and plugged in by QEMU's monitor; "" without Options.Pluggable.
func (m *Machine) Plugging() string {
	if !m.Config.Pluggable {
		return ""
	}
	text := "Ctrl-A c goes to QEMU's monitor, and back"
	for _, d := range m.Config.Disks {
		if d.Bus == qemu.AHCI {
			text += fmt.Sprintf("\n  %s fails:      drive_del drive-%[1]s (ahci lets no disk be pulled)", d.ID)
		} else {
			text += fmt.Sprintf("\n  %s is pulled:  device_del %[1]s", d.ID)
		}
	}
	return text + fmt.Sprintf("\n  a blank disk is plugged in:  drive_add 0 if=none,id=drive-spare,format=raw,file=%s"+
		"\n    and then, in the next line:  device_add virtio-blk-pci,drive=drive-spare,id=spare,serial=spare,bus=bus-spare1", qemu.Escape(m.spare))
}

// room makes a blank disk that waits to be plugged in.
func (m *Machine) room(o Options) error {
	if !o.Pluggable {
		return nil
	}
	m.Config.Pluggable = true
	dir, err := m.scratch(o)
	if err != nil {
		return err
	}
	m.spare = filepath.Join(dir, spare)
	return errors.Join(os.RemoveAll(m.spare), blankFile(m.spare, 1<<30))
}

// kept says that a disk is there from an earlier run, and is to stay.
func kept(d profile.RunDisk, path string) (bool, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return false, nil
	case err == nil && info.Size() != int64(d.Size):
		return true, fmt.Errorf("%s was kept, with %d bytes, and is %s now; accepted: the size that it has, or that file moved away", path, info.Size(), d.Size)
	}
	return true, err
}
