package console

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/uinit/cmdline"
)

// speeds are the codes that termios(3) has for line speeds. Any other speed is said in plain
// bits per second (BOTHER), which drivers take but many programs can't read back.
var speeds = map[int]uint32{
	50: unix.B50, 75: unix.B75, 110: unix.B110, 134: unix.B134, 150: unix.B150, 200: unix.B200,
	300: unix.B300, 600: unix.B600, 1200: unix.B1200, 1800: unix.B1800, 2400: unix.B2400,
	4800: unix.B4800, 9600: unix.B9600, 19200: unix.B19200, 38400: unix.B38400,
	57600: unix.B57600, 115200: unix.B115200, 230400: unix.B230400, 460800: unix.B460800,
	500000: unix.B500000, 576000: unix.B576000, 921600: unix.B921600, 1000000: unix.B1000000,
	1152000: unix.B1152000, 1500000: unix.B1500000, 2000000: unix.B2000000,
	2500000: unix.B2500000, 3000000: unix.B3000000, 3500000: unix.B3500000, 4000000: unix.B4000000,
}

// lineSpeed is the speed of a serial line in bits per second: that of the kernel line where that states one (console=ttyS0,9600n8), for
// it may be another one for this boot; else that of its row.
func lineSpeed(line cmdline.Line, name string, row int) int {
	for _, p := range line {
		if p.Name != "console" {
			continue
		}
		device, options, _ := strings.Cut(p.Value, ",")
		digits := options[:len(options)-len(strings.TrimLeft(options, "0123456789"))]
		if bps, err := strconv.Atoi(digits); err == nil && bps > 0 && device == name {
			row = bps
		}
	}
	return row
}

// setSpeed puts a line speed in bits per second into t, for both directions.
func setSpeed(t *unix.Termios, bps int) {
	code, standard := speeds[bps]
	if !standard {
		code = unix.BOTHER
	}
	// Input speed code 0 means "as output" (termios(3), CIBAUD).
	t.Cflag = t.Cflag&^(unix.CBAUD|unix.CIBAUD) | code
	t.Ispeed, t.Ospeed = uint32(bps), uint32(bps)
}
