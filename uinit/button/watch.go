package button

import (
	"context"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/uinit/dev"
)

// From include/uapi/linux/input-event-codes.h and input.h.
const (
	evKey     = 1
	keyPower  = 116
	eventSize = 24 // struct input_event on 64-bit machines
)

// watch calls pressed for each press of a power button, on the devices there are and
// on those that come up, until ctx ends.
func watch(ctx context.Context, events <-chan dev.Event, pressed func(device string)) {
	var mu sync.Mutex
	watched := map[string]bool{}
	look := func() {
		devices, _ := filepath.Glob("/dev/input/event*") // errs on bad patterns only
		for _, device := range devices {
			mu.Lock()
			known := watched[device]
			watched[device] = true
			mu.Unlock()
			if known {
				continue
			}
			go func() {
				watchButton(ctx, device, pressed)
				mu.Lock()
				defer mu.Unlock()
				delete(watched, device)
			}()
		}
	}
	look()
	for {
		select {
		case e := <-events:
			if e.Action == dev.Overflow || e.Action == "add" && strings.HasPrefix(e.Env["DEVNAME"], "input/") {
				look()
			}
		case <-ctx.Done():
			return
		}
	}
}

// watchButton reads a device that has a power key until it goes away; one that has none
// it leaves alone, for what people type is nobody's business.
func watchButton(ctx context.Context, device string, pressed func(string)) {
	f, err := os.Open(device)
	if err != nil {
		return
	}
	defer f.Close()
	if !hasKey(f, keyPower) {
		return
	}
	defer context.AfterFunc(ctx, func() { f.Close() })()
	readPresses(f, func() { pressed(device) })
}

// readPresses reads a device's events until there are no more.
func readPresses(f io.Reader, pressed func()) {
	buf := make([]byte, 64*eventSize)
	for {
		n, err := f.Read(buf)
		if err != nil {
			return
		}
		for b := buf[:n]; len(b) >= eventSize; b = b[eventSize:] {
			if isPress(b, keyPower) {
				pressed()
			}
		}
	}
}

// isPress reads a struct input_event: time (16 bytes), type, code (2 each), value (4).
func isPress(b []byte, key uint16) bool {
	return binary.NativeEndian.Uint16(b[16:]) == evKey && binary.NativeEndian.Uint16(b[18:]) == key &&
		binary.NativeEndian.Uint32(b[20:]) == 1
}

// hasKey asks a device for its keys (EVIOCGBIT).
func hasKey(f *os.File, key int) bool {
	var bits [96]byte // KEY_CNT is 0x300
	request := uintptr(2)<<30 | uintptr(len(bits))<<16 | 'E'<<8 | (0x20 + evKey)
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	ok := false
	_ = raw.Control(func(fd uintptr) {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, request, uintptr(unsafe.Pointer(&bits)))
		ok = errno == 0
	})
	return ok && bits[key/8]&(1<<(key%8)) != 0
}
