package vm

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/ctl"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/status"
	"github.com/imgbuild/imgbuild/uinit/terminal"
	"github.com/imgbuild/imgbuild/uinit/vm/qemu"
)

// ctlMain is "uinitctl vm": list (the default), stats, or start, stop, reset, console with the name of a
// guest.
func ctlMain(args []string) int {
	if len(args) == 0 {
		args = []string{"list"}
	}
	events, err := status.Ask(status.Socket, "vm "+strings.Join(args, " "))
	if err == nil && args[0] == "console" {
		err = terminal.Join(qemu.ConsoleSocket(args[1]), silent(args[1], events))
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
				ctl.Bytes(row.Used), ctl.Bytes(row.Read), ctl.Bytes(row.Written), ctl.Bytes(row.Received), ctl.Bytes(row.Sent), row.Refused)
			continue
		}
		auto := map[bool]string{true: "yes", false: "no"}[row.Autostart]
		line := fmt.Sprintf("%-12s %-9s %7s %5d %9s %8d  %s", e.Name, e.State, ctl.Bytes(row.Memory), row.VCPUs, auto, row.Restarts, e.Message)
		fmt.Fprintln(w, ctl.Cut(strings.TrimRight(line, " ")))
	}
	return nil
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
