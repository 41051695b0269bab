package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/virtioport"
)

// openHost connects with the machine's host in the background: most machines have none.
func (w *worker) openHost(context.Context) error {
	if tty, ok := w.Machine.Line.Get(report.ParamReport); ok {
		f, err := virtioport.OpenSerial(filepath.Join("/dev", filepath.Base(tty)))
		if err != nil {
			return err
		}
		go func() { _ = w.reporter.Run(context.Background(), f) }() // beyond life: its end is the last event
		go func() { _ = w.control.Serve(context.Background(), f) }()
		return nil
	}
	go w.keepPort(report.PortReport, os.O_WRONLY, func(f *os.File) error { return w.reporter.Run(context.Background(), f) })
	go w.keepPort(report.PortControl, os.O_RDONLY, func(f *os.File) error { return w.control.Serve(context.Background(), f) })
	return nil
}

// keepPort waits for a port and uses it, again and again: hosts go and come back.
func (w *worker) keepPort(name string, flag int, use func(*os.File) error) {
	sys := dev.Sys()
	for w.Life.Err() == nil {
		var device string
		err := w.Events.Wait(w.Life, "virtio-ports", func() (found bool, err error) {
			device, err = virtioport.FindPort(sys, name)
			if errors.Is(err, virtioport.ErrNoPort) {
				return false, nil
			}
			return err == nil, err
		})
		if err != nil {
			return
		}
		f, err := os.OpenFile(filepath.Join("/dev", device), flag, 0)
		if err == nil {
			err = use(f)
			f.Close()
		}
		if err != nil {
			w.Log.Debug(fmt.Sprintf("port %s: %v", name, err))
		}
		// Reading a port whose host is away ends at once.
		time.Sleep(200 * time.Millisecond)
	}
}

// version is uinit's, as the Go toolchain noted it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func kernelRelease() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}
