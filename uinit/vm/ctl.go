package vm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/ctl"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/status"
	"github.com/imgbuild/imgbuild/uinit/vm/qemu"
)

// detach is the key that leaves a guest's console: Ctrl-].
const detach = 0x1d

// ctlMain is "uinitctl vm": list (the default), stats, or start, stop, reset, console with the name of a
// guest.
func ctlMain(args []string) int {
	if len(args) == 0 {
		args = []string{"list"}
	}
	events, err := status.Ask(status.Socket, "vm "+strings.Join(args, " "))
	if err == nil && args[0] == "console" {
		err = attachConsole(args[1], events)
	} else if err == nil {
		err = writeGuests(os.Stdout, args[0] == "stats", events)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "uinitctl:", err)
		return 1
	}
	return 0
}

// writeGuests prints a line for each guest, no longer than a terminal is wide.
func writeGuests(w io.Writer, figures bool, events []report.Event) error {
	if figures {
		fmt.Fprintf(w, "%-12s %-9s %9s %6s %6s %7s %8s %6s %7s\n", "GUEST", "STATE", "CPU S", "MEMORY", "READ", "WRITTEN", "RECEIVED", "SENT", "REFUSED")
	} else {
		fmt.Fprintf(w, "%-12s %-9s %7s %5s %9s %8s\n", "GUEST", "STATE", "MEMORY", "VCPUS", "AUTOSTART", "RESTARTS")
	}
	for _, e := range events {
		var row line
		b, err := json.Marshal(e.Value)
		if err == nil {
			err = json.Unmarshal(b, &row)
		}
		if err != nil {
			return fmt.Errorf("reading what uinit says of %s: %w", e.Name, err)
		}
		if figures {
			fmt.Fprintf(w, "%-12s %-9s %9.1f %6s %6s %7s %8s %6s %7d\n", e.Name, e.State, row.CPU,
				short(row.Used), short(row.Read), short(row.Written), short(row.Received), short(row.Sent), row.Refused)
			continue
		}
		auto := map[bool]string{true: "yes", false: "no"}[row.Autostart]
		line := fmt.Sprintf("%-12s %-9s %7s %5d %9s %8d  %s", e.Name, e.State, short(row.Memory), row.VCPUs, auto, row.Restarts, e.Message)
		fmt.Fprintln(w, ctl.Cut(strings.TrimRight(line, " ")))
	}
	return nil
}

// short is a number of bytes in four digits and a unit.
func short(n int64) string {
	for _, unit := range []string{"", "K", "M", "G", "T"} {
		if n < 10240 {
			return fmt.Sprintf("%d%s", n, unit)
		}
		n >>= 10
	}
	return fmt.Sprintf("%dP", n)
}

// attachConsole joins this terminal and a guest's console until Ctrl-] or the end of either.
func attachConsole(name string, guest []report.Event) error {
	c, err := net.Dial("unix", qemu.ConsoleSocket(name))
	if err != nil {
		return fmt.Errorf("attaching to the console: %w", err)
	}
	defer c.Close()
	if old, err := unix.IoctlGetTermios(0, unix.TCGETS); err == nil {
		fmt.Fprintf(os.Stderr, "Console of %s; Ctrl-] leaves it.\r\n", silent(name, guest))
		raw := *old
		// As cfmakeraw(3) does.
		raw.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
		raw.Oflag &^= unix.OPOST
		raw.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
		raw.Cflag = raw.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
		raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
		if err := unix.IoctlSetTermios(0, unix.TCSETS, &raw); err != nil {
			return fmt.Errorf("setting up the terminal: %w", err)
		}
		defer func() {
			_ = unix.IoctlSetTermios(0, unix.TCSETS, old)
			fmt.Fprintln(os.Stderr)
		}()
	}
	left := make(chan struct{})
	go func() {
		defer close(left)
		typeInto(c, os.Stdin)
	}()
	shown := make(chan error, 1)
	go func() {
		_, err := io.Copy(os.Stdout, c)
		shown <- err
	}()
	select {
	case <-left:
		return nil
	case err := <-shown:
		if errors.Is(err, net.ErrClosed) {
			err = nil
		}
		return err
	}
}

// silent is a guest and, where that is why it is silent, its state.
func silent(name string, guest []report.Event) string {
	for _, e := range guest {
		if e.State != string(supervise.Running) && e.State != "" {
			return name + ", which is " + e.State
		}
	}
	return name
}

// typeInto passes on what is typed until Ctrl-]. Where nobody types, at the end of a file, it waits for
// the guest to say no more.
func typeInto(c net.Conn, in io.Reader) {
	b := make([]byte, 1024)
	for {
		n, err := in.Read(b)
		typed, _, leave := strings.Cut(string(b[:n]), string(rune(detach)))
		if _, failed := io.WriteString(c, typed); failed != nil || leave {
			return
		}
		if err != nil {
			select {} // the other direction ends it
		}
	}
}
