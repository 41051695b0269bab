// Package boot starts what was built in a virtual machine: for a person at a
// terminal, for a script that waits for a line, and for a profile's checks.
package boot

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/qemu/tsc"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/scratch"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Options says what to boot and how.
type Options struct {
	// Kernel and Initrd are paths; Cmdline is the kernel line itself.
	Kernel, Initrd, Cmdline string
	// Medium, where given, is what firmware starts from in place of these.
	Medium Medium
	// SecureBoot, where given, is the only certificate that the firmware trusts.
	SecureBoot *x509.Certificate
	// Run is the profile's [run] table. What is left out is as in its schema.
	Run profile.Run
	// Accel is kvm, tcg or auto; empty stands for auto.
	Accel string
	// Binary is QEMU's program; empty stands for qemu.DefaultBinary.
	Binary string
	// CacheDir remembers whether KVM works; empty for nowhere.
	CacheDir string
	// Dir holds the blank disks, and keeps them afterwards, so that the run can be
	// repeated by hand. Empty stands for a directory that Close removes.
	Dir string
	// Keep lets disks in Dir be as the last run left them; without it they are made anew. A medium of the format disk is then such a
	// disk, too, and the guest may restart.
	Keep bool
	// Disks are further ones, which are there; Forwards lead from ports of this machine to the guest.
	Disks    []qemu.Disk
	Forwards []Forward
	// Desk is for Attach and Until: the command line is the one that Machine.Command shows. Pluggable lets disks be pulled
	// and plugged in by the monitor.
	Desk, Pluggable bool
	// Firmware is qemu.BIOS or qemu.UEFI; empty stands for the former.
	Firmware string
	// Serials is the number of serial ports; 0 stands for 1. See Serials. With Desk those after the first are pseudo-terminals.
	Serials int
	// Password makes a one-time password for root and hands over its hash
	// (profile's access.host_password).
	Password bool
	// Test lets the host run commands in the guest (report.ParamTest).
	Test bool
	// Display opens a window; Reboot lets the guest reboot.
	Display, Reboot bool
	// Append are further words of the kernel line, Extra further arguments of QEMU.
	Append, Extra []string
}

// Machine is ready to start.
type Machine struct {
	Config qemu.Config
	// Reported, where not nil, sees what the guest reported, once the run is over.
	Reported func([]report.Event)
	// Password is root's for this boot; empty without Options.Password.
	Password string
	// Slow says why the guest is emulated rather than run by KVM; empty where it is not.
	Slow string

	timeout time.Duration
	spare   string       // the file of a disk to plug in
	dir     *scratch.Dir // to be removed
	button  bool         // the guest is told to power off by its button
}

// Serials is how many serial ports a guest needs to have those consoles, 1 to 4.
func Serials(consoles []string) int {
	n := 1
	for _, name := range consoles {
		if i, err := strconv.Atoi(strings.TrimPrefix(name, "ttyS")); err == nil && strings.HasPrefix(name, "ttyS") {
			n = max(n, min(i+1, 4))
		}
	}
	return n
}

// Prepare resolves everything a guest needs: accelerator, disks, password. Close
// the machine afterwards.
func Prepare(ctx context.Context, o Options) (*Machine, error) {
	if err := o.checkMedium(); err != nil {
		return nil, err
	}
	o.Run.Disk = maps.Clone(o.Run.Disk)
	defaults.Fill(&o.Run)
	m := &Machine{timeout: time.Duration(o.Run.Timeout)}
	accel, err := m.accelerator(ctx, o)
	if err != nil {
		return nil, err
	}
	m.Config, err = o.config(accel, tsc.KHz())
	if err != nil {
		return nil, err
	}
	if o.Password {
		plain, hash, err := OneTimePassword()
		if err != nil {
			return nil, err
		}
		m.Password = plain
		m.Config.FWCfg = map[string]string{report.FWRootHash: hash}
	}
	if err := errors.Join(m.attach(o), m.trust(o, o.SecureBoot), m.disks(ctx, o), forward(&m.Config, o.Forwards), m.desk(o), m.room(o)); err != nil {
		m.Close()
		return nil, fmt.Errorf("preparing the virtual machine: %w", err)
	}
	return m, nil
}

func (m *Machine) accelerator(ctx context.Context, o Options) (string, error) {
	switch o.Accel {
	case qemu.AccelKVM, qemu.AccelTCG:
		return o.Accel, nil
	case "", "auto":
		accel, reason := qemu.Prober{Binary: o.Binary, CacheDir: o.CacheDir, Kernel: o.Kernel}.Probe(ctx)
		m.Slow = reason
		return accel, ctx.Err()
	}
	return "", fmt.Errorf("accelerator %q; accepted: auto, kvm, tcg", o.Accel)
}

// config is the pure part of Prepare: all but disks and password.
func (o Options) config(accel string, tscKHz int) (c qemu.Config, err error) {
	c = qemu.Config{
		Binary: o.Binary, Accel: accel, CPU: o.Run.CPU, CPUs: o.Run.CPUs, Memory: o.Run.Memory,
		Firmware: o.Firmware, Serials: max(o.Serials, 1), Report: true, Control: true,
		Display: o.Display, Reboot: o.Reboot, Extra: o.Extra,
	}
	for range *o.Run.NICs {
		c.NICs = append(c.NICs, qemu.NIC{Model: o.Run.NICModel})
	}
	if o.Medium.started() {
		return c, nil
	}
	c.Kernel, c.Initrd = o.Kernel, o.Initrd
	c.Append, err = o.line(accel, tscKHz)
	return c, err
}

// line is the kernel line, with what a virtual machine is told besides.
func (o Options) line(accel string, tscKHz int) (string, error) {
	added := slices.Clone(o.Append)
	if o.Test {
		added = append(added, report.ParamTest)
	}
	added = append(added, qemu.KernelArgs(accel, tscKHz)...)
	line := strings.Join(slices.Concat(strings.Fields(o.Cmdline), added), " ")
	if len(line) > spec.MaxKernelLine {
		return "", fmt.Errorf("the kernel line has %d characters with what a virtual machine is told besides (%s); accepted: at most %d, or a medium that brings its own line (--format)",
			len(line), strings.Join(added, " "), spec.MaxKernelLine)
	}
	return line, nil
}

// diskName is what QEMU accepts as an identifier (id_wellformed in its
// util/id.c), within the 20 octets of a disk's serial number.
var diskName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]{0,19}$`)

// Missing finds programs and files that the machine needs and that are not there, before anything is built for it. The error is a
// *qemu.MissingError where a package has it.
func (o Options) Missing() error {
	c := qemu.Config{Binary: o.Binary, Firmware: o.Firmware, SecureBoot: o.SecureBoot != nil}
	if o.Medium.Format == profile.FormatUKI || c.SecureBoot {
		c.Firmware = qemu.UEFI
	}
	if err := c.Missing(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(o.Run.Disk)) {
		command, pkg, err := mkfs(o.Run.Disk[name], "")
		if err != nil || command == nil {
			continue // what is wrong with it is told elsewhere
		}
		if _, err := lookTool(command[0]); err != nil {
			return &qemu.MissingError{What: command[0], Package: pkg}
		}
	}
	return nil
}

// disks makes the blank disks, and adds those that are there.
func (m *Machine) disks(ctx context.Context, o Options) error {
	defer func() { m.Config.Disks = append(m.Config.Disks, o.Disks...) }()
	if len(o.Run.Disk) == 0 {
		return nil
	}
	dir, err := m.scratch(o)
	if err != nil {
		return fmt.Errorf("making disks: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Run.Disk)) {
		if !diskName.MatchString(name) {
			return fmt.Errorf("making disk run.disk.%q: accepted: names of up to 20 letters, digits, dots and hyphens that begin with a letter", name)
		}
		d, path := o.Run.Disk[name], filepath.Join(dir, name+".img")
		there := false
		if o.Keep {
			there, err = kept(d, path)
		}
		if !there && err == nil {
			err = makeDisk(ctx, d, path)
		}
		if err != nil {
			return fmt.Errorf("making disk run.disk.%s: %w", name, err)
		}
		m.Config.Disks = append(m.Config.Disks, qemu.Disk{ID: name, Path: path, Bus: qemu.Bus(d.Bus)})
	}
	return nil
}

// Command is a line for sh(1) that starts the same guest on a person's terminal.
func (m *Machine) Command() string { return m.Config.Command() }

// Close removes what Prepare made for this run alone.
func (m *Machine) Close() {
	if m.dir != nil {
		m.dir.Remove()
	}
}
