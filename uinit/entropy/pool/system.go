package pool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// System is the running kernel.
type System struct{}

// Random calls getrandom(2) and blocks until the pool is ready.
func (System) Random(p []byte) error { return getrandom(p, 0) }

// Early takes what the pool gives before it is ready (GRND_INSECURE, Linux 5.6).
func (System) Early(p []byte) (bool, error) {
	err := getrandom(p, unix.GRND_NONBLOCK)
	if !errors.Is(err, unix.EAGAIN) {
		return err == nil, err
	}
	return false, getrandom(p, unix.GRND_INSECURE)
}

func getrandom(p []byte, flags int) error {
	for len(p) > 0 {
		n, err := unix.Getrandom(p, flags)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return err
		}
		p = p[n:]
	}
	return nil
}

// Mix uses RNDADDENTROPY, for a write to /dev/urandom gives no credit.
func (System) Mix(p []byte, bits int) error {
	f, err := os.OpenFile("/dev/urandom", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := ioctlBytes(f, unix.RNDADDENTROPY, poolInfo(p, bits)); err != nil {
		return fmt.Errorf("RNDADDENTROPY: %w", err)
	}
	return nil
}

// poolInfo is struct rand_pool_info of linux/random.h: bits, bytes, then the bytes.
func poolInfo(p []byte, bits int) []byte {
	info := binary.NativeEndian.AppendUint32(nil, uint32(bits))
	info = binary.NativeEndian.AppendUint32(info, uint32(len(p)))
	return append(info, p...)
}

// Log reads the kernel's log with syslog(2); where that is not allowed it is empty.
func (System) Log() string {
	size, err := unix.Klogctl(unix.SYSLOG_ACTION_SIZE_BUFFER, nil)
	if err != nil || size <= 0 {
		return ""
	}
	buf := make([]byte, size)
	n, err := unix.Klogctl(unix.SYSLOG_ACTION_READ_ALL, buf)
	if err != nil {
		return ""
	}
	return string(buf[:n])
}

// Uptime reads CLOCK_BOOTTIME.
func (System) Uptime() time.Duration {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return 0
	}
	return time.Duration(now.Nano())
}

// Owner is the machine's name for LoadSeed and SaveSeed: its DMI UUID where the
// firmware has one, its serial number otherwise. Empty binds the seed to nothing.
func Owner() string {
	for _, name := range []string{"product_uuid", "product_serial"} {
		if b, err := os.ReadFile("/sys/class/dmi/id/" + name); err == nil && len(b) > 1 {
			return string(b)
		}
	}
	return ""
}
