package boot

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/build/disk"
	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/qemu/efivars"
	"github.com/imgbuild/imgbuild/internal/scratch"
)

// Medium is an artifact that a machine's firmware starts from, instead of QEMU's own
// loader. Its kernel line lies in it: nothing can be appended.
type Medium struct {
	// Format is uki, disk, iso or netboot.
	Format profile.Format
	// Path is the artifact's; for netboot the iPXE script's, beside the files it names.
	Path string
	// Stored is how a disk image is stored; empty stands for raw.
	Stored profile.DiskFormat
	// Bus is where disk, or an iso written to a stick, is attached. Empty stands for
	// virtio and, for an iso, for a CD drive.
	Bus qemu.Bus
}

// started says that firmware starts the medium. Where not, QEMU starts a kernel.
func (m Medium) started() bool { return m.Format != "" && m.Format != profile.FormatKernel }

// check finds what cannot be, before anything is made.
func (o Options) checkMedium() error {
	m := o.Medium
	if !m.started() {
		if o.SecureBoot != nil {
			return errors.New("a kernel that QEMU loads itself proves nothing of Secure Boot; accepted: the formats uki, disk, iso")
		}
		return nil
	}
	switch {
	case len(o.Append) > 0:
		return fmt.Errorf("the kernel line of %s lies in the image, nothing can be appended; accepted: kernel.cmdline in the profile, or booting the kernel itself", m.Format)
	case o.Firmware == qemu.BIOS && m.Format == profile.FormatUKI:
		return errors.New("a BIOS cannot start a UEFI program; accepted: firmware uefi")
	case o.Firmware == qemu.BIOS && o.SecureBoot != nil:
		return errors.New("a BIOS has no Secure Boot; accepted: firmware uefi")
	case o.SecureBoot != nil && m.Format == profile.FormatNetboot:
		return errors.New("iPXE in QEMU is not signed by your key, so Secure Boot refuses it; accepted: the formats uki, disk, iso")
	case m.Bus != "" && m.Format != profile.FormatDisk && m.Format != profile.FormatISO:
		return fmt.Errorf("a bus goes with the formats disk and iso, not with %s", m.Format)
	}
	return nil
}

// attach gives the medium to the machine. The artifact itself is never written to: with Options.Keep a disk has a copy that lasts.
func (m *Machine) attach(o Options) error {
	medium := o.Medium
	if !medium.started() {
		return nil
	}
	m.button = true
	c := &m.Config
	first := qemu.Disk{ID: "medium", Path: medium.Path, Bus: medium.Bus, Snapshot: true, Boot: true}
	switch medium.Format {
	case profile.FormatNetboot:
		if len(c.NICs) == 0 {
			return errors.New("starting from the network: the profile's run.nics is 0")
		}
		c.NICs[0].Boot = true
		c.NICs[0].Backend = "user,tftp=" + strings.ReplaceAll(filepath.Dir(medium.Path), ",", ",,") + ",bootfile=" + filepath.Base(medium.Path)
		return nil
	case profile.FormatISO:
		if medium.Bus == "" {
			c.CDROM = medium.Path
			return nil
		}
	case profile.FormatUKI:
		c.Firmware = qemu.UEFI
		dir, err := m.scratch(o)
		if err != nil {
			return err
		}
		first.Path = filepath.Join(dir, "uki.img")
		if err := diskAround(medium.Path, first.Path); err != nil {
			return err
		}
	case profile.FormatDisk:
		first.Format = map[profile.DiskFormat]string{profile.DiskQCOW2: "qcow2", profile.DiskVHD: "vpc", profile.DiskVMDK: "vmdk"}[medium.Stored]
		if o.Keep {
			if err := m.keep(o, &first); err != nil {
				return err
			}
		}
	}
	c.Disks = append(c.Disks, first)
	return nil
}

// keep has a machine write to a copy of its disk, which the next run finds again, and lets it restart: what a box has learnt it shows then.
func (m *Machine) keep(o Options, d *qemu.Disk) error {
	dir, err := m.scratch(o)
	if err != nil {
		return err
	}
	image := d.Path
	d.Path, d.Snapshot, m.Config.Reboot = filepath.Join(dir, "medium"+filepath.Ext(image)), false, true
	if _, err := os.Stat(d.Path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := os.Open(image)
	if err != nil {
		return err
	}
	defer f.Close()
	content, err := extent.FromFile(f)
	if err != nil {
		return err
	}
	// A copy that was broken off is none. It is not open to more people than the image, which may hold hashes and keys.
	half := d.Path + ".part"
	out, err := os.OpenFile(half, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(content.WriteSparse(out), out.Close()); err != nil {
		return errors.Join(err, os.Remove(half))
	}
	return os.Rename(half, d.Path)
}

// diskAround puts a UEFI program onto a disk of its own, where firmware looks for one.
func diskAround(program, path string) (err error) {
	f, err := os.Open(program)
	if err != nil {
		return err
	}
	defer f.Close()
	content, err := extent.FromFile(f)
	if err != nil {
		return err
	}
	image, _, err := disk.New(disk.Config{Name: "uki", Epoch: time.Unix(0, 0), Boot: grub.NoMenu(content)})
	if err != nil {
		return err
	}
	// Not open to more people than the program: that may hold hashes and keys.
	out, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(image.WriteSparse(out), out.Close())
}

// trust gives the machine a firmware with Secure Boot that takes nothing but what the
// certificate's key signed.
func (m *Machine) trust(o Options, cert *x509.Certificate) error {
	if cert == nil {
		return nil
	}
	template, err := os.ReadFile(qemu.OVMFVars)
	if errors.Is(err, os.ErrNotExist) {
		return &qemu.MissingError{What: qemu.OVMFVars, Package: "ovmf"}
	}
	if err != nil {
		return err
	}
	vars, err := efivars.Enrol(template, cert)
	if err != nil {
		return err
	}
	dir, err := m.scratch(o)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "secureboot-vars.fd")
	if err := os.WriteFile(path, vars, 0o600); err != nil {
		return err
	}
	m.Config.Firmware, m.Config.SecureBoot, m.Config.FirmwareVars = qemu.UEFI, true, path
	return nil
}

// scratch is a directory for what this run needs.
func (m *Machine) scratch(o Options) (string, error) {
	if o.Dir != "" {
		return o.Dir, os.MkdirAll(o.Dir, 0o755)
	}
	if m.dir == nil {
		dir, err := scratch.New("")
		if err != nil {
			return "", err
		}
		m.dir = dir
	}
	return m.dir.Path, nil
}
