package syslog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// KernelLog is where the kernel's records are read.
const KernelLog = "/dev/kmsg"

// ReadKernel hands every record of the kernel's log to add, from the oldest that is still
// there, until ctx ends. Records that were overwritten before they could be read are
// counted in a record of their own. Only one record may be handed over at a time.
func ReadKernel(ctx context.Context, path string, add func(Record)) error {
	// Not blocking, the file waits in Go's poller, and closing it ends the wait.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("opening the kernel's log: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { f.Close() })
	defer func() {
		stop()
		f.Close()
	}()
	if err := readKernel(f, add); err != nil && ctx.Err() == nil {
		return fmt.Errorf("reading the kernel's log: %w", err)
	}
	return context.Cause(ctx)
}

// readKernel reads one record with each Read, as the device gives them.
func readKernel(r io.Reader, add func(Record)) error {
	buf := make([]byte, 16<<10) // CONSOLE_EXT_LOG_MAX of kernel/printk is 8 KiB
	next, begun := uint64(0), false
	for {
		n, err := r.Read(buf)
		switch {
		case errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.EINTR):
			continue // overwritten under our hands: the next record's number tells how many
		case errors.Is(err, syscall.EINVAL):
			continue // longer than the buffer; the kernel has moved on
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		k, err := parseKmsg(buf[:n])
		if err != nil {
			continue // of a kernel that writes what its documentation does not say
		}
		if begun && k.seq > next {
			add(Record{At: k.At, Facility: Daemon, Severity: Warning, Program: "uinit",
				Message: fmt.Sprintf("%d kernel records were overwritten before they were read", k.seq-next)})
		}
		next, begun = k.seq+1, true
		add(k.Record)
	}
}
