package qemu

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// CPU is the processor time that QEMU has used so far, user and system, of all its
// threads. Unlike the ticks in /proc it counts nanoseconds. It fails once QEMU has ended; see Exit.
func (g *Guest) CPU() (time.Duration, error) {
	return processCPU(g.process.cmd.Process.Pid)
}

// processCPU reads the clock that clock_getcpuclockid(3) names: the process's number inverted, above
// three bits that say process (0) and scheduler's time (2); include/linux/posix-timers.h.
func processCPU(pid int) (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &t); err != nil {
		return 0, fmt.Errorf("reading the CPU time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}
