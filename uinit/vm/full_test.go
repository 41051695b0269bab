package vm

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/status"
)

// Guests that fit into a boot sector, which the firmware starts in real mode.
var (
	// filler writes 32 KiB after 32 KiB to the disk that it lies on, from the second sector on, until the disk ends (int 13h,
	// function 43h of the BIOS Enhanced Disk Drive Specification).
	filler = sector(0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, 0xfb, // xor ax,ax; mov ds,ax; mov ss,ax; mov sp,7c00h; sti
		0xbe, 0x30, 0x7c, 0xb8, 0x00, 0x43, // again: mov si,packet; mov ax,4300h
		0x52, 0xcd, 0x13, 0x5a, 0x72, 0x09, // push dx; int 13h; pop dx; jc wait
		0x81, 0x06, 0x38, 0x7c, 0x40, 0x00, 0xeb, 0xec, 0x90, // add word [packet+8],64; jmp again; nop
		0xf4, 0xeb, 0xe8, // wait: hlt; jmp again
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // packet, at 30h: 64 sectors from 1000h:0 to sector 1
		0x10, 0x00, 0x40, 0x00, 0x00, 0x00, 0x00, 0x10, 0x01)
	// sleeper suspends to memory by the ACPI registers where QEMU's firmware puts them, once: a byte of the clock's memory tells it that
	// it is awake again, which may last long on a busy machine, or be over before somebody looks.
	sleeper = sector(0xb0, 0x40, 0xe6, 0x70, 0xe4, 0x71, 0x3c, 0x5a, 0x74, 0x0f, // mov al,40h; out 70h,al; in al,71h; cmp al,5ah; je idle
		0xb0, 0x40, 0xe6, 0x70, 0xb0, 0x5a, 0xe6, 0x71, // mov al,40h; out 70h,al; mov al,5ah; out 71h,al
		0xba, 0x04, 0x06, 0xb8, 0x00, 0x24, 0xef, 0xf4, 0xeb, 0xfd) // mov dx,604h; mov ax,2400h; out dx,ax; idle: hlt; jmp idle
	// panicker tells the device pvpanic that its kernel has given up.
	panicker = sector(0xba, 0x05, 0x05, 0xb0, 0x01, 0xee, 0xf4, 0xeb, 0xfd) // mov dx,505h; mov al,1; out dx,al; hlt; jmp $-1
)

func sector(code ...byte) []byte {
	s := make([]byte, 512)
	copy(s, code)
	s[510], s[511] = 0x55, 0xaa
	return s
}

// box is a machine with a real QEMU and one guest, whose disk of 8 MiB lies on a file system of 12.
type box struct {
	*guests
	one *guest
	dir string

	mu     sync.Mutex
	states []string
	said   []string
	news   chan struct{}
}

// newBox runs in a process of its own with root's rights and mounts of its own; ballast is in the way of the guest's disk.
func newBox(t *testing.T, code []byte, ballast int) *box {
	needed.Program(t, "qemu-system-x86_64")
	b := &box{dir: filepath.Join(t.TempDir(), "srv"), news: make(chan struct{}, 1)}
	if err := os.Mkdir(b.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", b.dir, "tmpfs", 0, "size=12m,mode=755"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(b.dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	disk := filepath.Join(b.dir, "disk")
	if err := os.WriteFile(disk, code, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(disk, 8<<20); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "ballast"), make([]byte, ballast), 0o600); err != nil {
		t.Fatal(err)
	}
	row := spec.VM{Memory: 16 << 20, Restart: spec.RestartNever, StopTimeout: spec.Duration(time.Hour), Disk: map[string]spec.VMDisk{"root": {Path: disk}}}
	defaults.Fill(&row)
	d := featuretest.Deps(t, spec.Machine{VM: map[string]spec.VM{"web": row}})
	d.Facts = status.NewBoard(func(e report.Event) {
		if e.Name == "vm.web.state" {
			b.note(&b.states, e.Value.(string))
		}
	})
	d.Outcomes.Board = d.Facts
	d.Programs.Say = func(_, line string) { b.note(&b.said, line) }
	b.guests = newGuests(d)
	b.sandboxed = []string{"/proc/self/exe", "sandbox"}
	d.Outcomes.Supervisors = []feature.Supervisor{b.guests}
	b.one = b.all["web"]
	close(b.prepared)
	t.Cleanup(func() {
		if now := b.one.qemu(); now != nil {
			now.Quit()
			_ = b.one.service.Stop(t.Context())
		}
		if t.Failed() {
			t.Logf("it was %q; said was %q", b.states, b.said)
		}
	})
	// A guest that has ended before it was seen to run is an error to who started it; what came of it is in the states.
	if err := b.one.service.Again(t.Context()); err != nil && !slices.Contains(b.told(), "running") {
		t.Fatal(err)
	}
	return b
}

func (b *box) note(list *[]string, line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*list = append(*list, line)
	select {
	case b.news <- struct{}{}:
	default:
	}
}

func (b *box) told() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.states)
}

// until waits for these states to have been told since the last time, one after the other, and forgets what came before.
func (b *box) until(t *testing.T, states ...string) {
	t.Helper()
	b.wait(t, states, func() bool {
		at := 0
		for _, state := range states {
			i := slices.Index(b.states[at:], state)
			if i < 0 {
				return false
			}
			at += i + 1
		}
		b.states = b.states[at:]
		return true
	})
}

// hears waits for a sentence to be said of the guest.
func (b *box) hears(t *testing.T, sentence string) {
	t.Helper()
	b.wait(t, []string{sentence}, func() bool { return slices.Contains(b.said, sentence) })
}

func (b *box) wait(t *testing.T, what []string, done func() bool) {
	t.Helper()
	for {
		b.mu.Lock()
		over := done()
		b.mu.Unlock()
		if over {
			return
		}
		select {
		case <-b.news:
		case <-t.Context().Done():
			t.Fatalf("waiting for %q", what)
		}
	}
}

// asRoot runs a test where it may mount and start programs as others.
func asRoot(t *testing.T) bool {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("QEMU runs as an account of its own and a file system is mounted: only root can")
	}
	return nettest.Within(t, 5*time.Minute, syscall.CLONE_NEWNS)
}

// A guest fills the file system that its disk lies on: it is paused, a reset has it run, it goes on by itself when there is room
// again, and nothing that it wrote is lost.
func TestFullDisk(t *testing.T) {
	if !asRoot(t) {
		return
	}
	b := newBox(t, filler, 8<<20)
	full := "paused: no space on " + b.dir
	b.until(t, "running", full)
	b.hears(t, "disk root: write: No space left on device; the guest is paused")
	if trouble, known := b.Trouble("vm:web"); !known || !strings.Contains(fmt.Sprint(trouble), full+": ") {
		t.Errorf("the unit's trouble: %v, %v", trouble, known)
	}
	if _, err := listed(b.guests, "reset"); err != nil {
		t.Errorf("resetting it: %v", err)
	}
	b.hears(t, "disk root: write: No space left on device; the guest is paused (2 times by now)")
	if err := os.Remove(filepath.Join(b.dir, "ballast")); err != nil {
		t.Fatal(err)
	}
	// The last write would go over the disk's end, and is refused.
	for allocated(t, filepath.Join(b.dir, "disk")) < 8<<20-32<<10 {
		if _, err := b.one.qemu().Disks(); err != nil { // QEMU has the time to write meanwhile
			t.Fatal(err)
		}
	}
	b.wait(t, []string{"running"}, func() bool { return b.one.standing.is() == "running" })
}

// allocated is how many bytes of a file take space.
func allocated(t *testing.T, path string) int64 {
	var s unix.Stat_t
	if err := unix.Stat(path, &s); err != nil {
		t.Fatal(err)
	}
	return s.Blocks * 512
}

// Nobody waits for the power button of a guest that is paused, nor for the one that fills its disk while it powers down.
func TestStoppingFullDisk(t *testing.T) {
	if !asRoot(t) {
		return
	}
	b := newBox(t, filler, 8<<20)
	b.until(t, "running", "paused: no space on "+b.dir)
	begin := time.Now()
	if err := b.one.service.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("it took %v", took)
	}
	b.until(t, "stopping", "stopped")
}

// A guest that sleeps is not running, wakes when it is started, and one that has given up ends.
func TestGuestsThatDoNotRun(t *testing.T) {
	if !asRoot(t) {
		return
	}
	b := newBox(t, sleeper, 0)
	b.until(t, "running", "suspended")
	if _, err := listed(b.guests, "start"); err != nil {
		t.Errorf("waking it: %v", err)
	}
	b.until(t, "running")
	b.hears(t, "the guest sleeps")
	b.hears(t, "the guest is awake again")
}

// A kernel that gives up is said to, and its QEMU has failed.
func TestGuestThatPanics(t *testing.T) {
	if !asRoot(t) {
		return
	}
	b := newBox(t, panicker, 0)
	b.until(t, "running", "failed")
	b.hears(t, "the guest's kernel has panicked")
}
