package qemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/imgbuild/imgbuild/internal/scratch"
)

// Limits for guests that need 0.2 s and 1.5 s under a KVM that works, and of processor time, which a busy host does not make longer, until
// Linux says its first line: 0.3 s are enough.
const (
	probeLimit  = 5 * time.Second
	kernelLimit = 10 * time.Second
	silentLimit = 3 // seconds
)

// debugExit is the status that the boot sector asks for: QEMU's isa-debug-exit
// device makes 2n+1 of the byte n (hw/misc/debugexit.c).
const debugExit = 0x10<<1 | 1

// Prober finds out which accelerator works. The zero value is ready for use.
type Prober struct {
	// Binary is QEMU's program; empty stands for DefaultBinary.
	Binary string
	// CacheDir is where the answer is remembered; empty for nowhere.
	CacheDir string
	// Kernel is what the virtual machine is to boot, where that is a kernel: there are hosts where
	// firmware runs under KVM and Linux then hangs.
	Kernel string

	device, bootID string // of the host; replaced by tests
}

// probed is what is remembered. It holds until the host or QEMU changes: a
// reboot can load another kvm module, or move the host to other hardware.
type probed struct {
	BootID string `json:"boot_id"`
	QEMU   string `json:"qemu"`
	Accel  string `json:"accel"`
	Reason string `json:"reason"`
	// Kernel: a kernel ran, too.
	Kernel bool `json:"kernel"`
}

// Probe returns AccelKVM or AccelTCG, and for the latter the reason in words. That
// /dev/kvm is there proves nothing (nested virtualisation may hang in the
// firmware), so a tiny guest has to run.
func (p Prober) Probe(ctx context.Context) (accel, reason string) {
	device := or(p.device, "/dev/kvm")
	kvm, err := os.OpenFile(device, os.O_RDWR, 0)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return AccelTCG, "this machine has no " + device
	case errors.Is(err, os.ErrPermission):
		return AccelTCG, "no permission to use " + device + "; members of the group kvm have it"
	case err != nil:
		return AccelTCG, err.Error()
	}
	kvm.Close()
	now, err := p.identity()
	if err != nil {
		return AccelTCG, err.Error()
	}
	if known, ok := p.recall(); ok && known.BootID == now.BootID && known.QEMU == now.QEMU &&
		(known.Accel == AccelTCG || known.Kernel || p.Kernel == "") {
		return known.Accel, known.Reason
	}
	now.Accel, now.Kernel = AccelKVM, p.Kernel != ""
	if now.Reason = p.try(ctx); now.Reason != "" {
		now.Accel = AccelTCG
	}
	if ctx.Err() == nil {
		p.remember(now)
	}
	return now.Accel, now.Reason
}

// identity is what the answer depends on. A stat tells one QEMU from another
// and is quicker than asking it for its version.
func (p Prober) identity() (probed, error) {
	id, err := os.ReadFile(or(p.bootID, "/proc/sys/kernel/random/boot_id"))
	if err != nil {
		return probed{}, err
	}
	path, err := exec.LookPath(or(p.Binary, DefaultBinary))
	if err != nil {
		return probed{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return probed{}, err
	}
	return probed{
		BootID: strings.TrimSpace(string(id)),
		QEMU:   fmt.Sprintf("%s %d %d", path, info.Size(), info.ModTime().UnixNano()),
	}, nil
}

// try boots a sector, and then the kernel. It returns "" or why that did not work.
func (p Prober) try(ctx context.Context) string {
	dir, err := scratch.New("")
	if err != nil {
		return err.Error()
	}
	defer dir.Remove()
	if reason := p.trySector(ctx, dir.Path); reason != "" || p.Kernel == "" {
		return reason
	}
	return p.tryKernel(ctx, dir.Path)
}

// trySector boots a sector that ends QEMU with a status of its own.
func (p Prober) trySector(ctx context.Context, dir string) string {
	disk := filepath.Join(dir, "sector")
	if err := os.WriteFile(disk, bootSector(), 0o600); err != nil {
		return err.Error()
	}
	// SeaBIOS reads nothing from a disk without a whole cylinder (504 KiB).
	if err := os.Truncate(disk, 1<<20); err != nil {
		return err.Error()
	}
	exit, reason := p.run(ctx, probeLimit, "was not through its firmware", "-m", "32", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
		"-drive", "if=none,id=d,format=raw,snapshot=on,file="+Escape(disk), "-device", "virtio-blk-pci,drive=d")
	if reason == "" && exit.Status != debugExit {
		return fmt.Sprintf("a guest under KVM ended with status %d: %s", exit.Status, or(firstLine(exit.Stderr), "nothing was said"))
	}
	return reason
}

// run runs QEMU under KVM until it ends; missed says what a guest did not do within the limit.
func (p Prober) run(ctx context.Context, limit time.Duration, missed string, args ...string) (Exit, string) {
	return p.watched(ctx, limit, missed, func(int) {}, args...)
}

// watched is run, with something to do once QEMU's process is there.
func (p Prober) watched(ctx context.Context, limit time.Duration, missed string, started func(pid int), args ...string) (Exit, string) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	process, err := startProcess(ctx, or(p.Binary, DefaultBinary), append([]string{
		"-M", "q35", "-accel", AccelKVM, "-cpu", "host", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"}, args...), nil)
	if err != nil {
		return Exit{}, err.Error()
	}
	started(process.cmd.Process.Pid)
	<-process.done
	if process.exit.Killed != nil {
		return Exit{}, fmt.Sprintf("a guest under KVM %s within %s", missed, limit)
	}
	return process.exit, ""
}

// bootSector is a PC boot sector: out 0xf4, 0x10; then hlt for ever.
func bootSector() []byte {
	sector := make([]byte, 512)
	copy(sector, []byte{0xba, 0xf4, 0x00, 0xb0, 0x10, 0xee, 0xf4, 0xeb, 0xfd})
	sector[510], sector[511] = 0x55, 0xaa
	return sector
}

func (p Prober) file() string { return filepath.Join(p.CacheDir, "accelerator.json") }

func (p Prober) recall() (known probed, ok bool) {
	if p.CacheDir == "" {
		return probed{}, false
	}
	text, err := os.ReadFile(p.file())
	return known, err == nil && json.Unmarshal(text, &known) == nil
}

// remember is an economy: where it fails, the next run probes again.
func (p Prober) remember(known probed) {
	if p.CacheDir == "" || os.MkdirAll(p.CacheDir, 0o755) != nil {
		return
	}
	if text, err := json.Marshal(known); err == nil {
		renameio.WriteFile(p.file(), text, 0o644)
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
