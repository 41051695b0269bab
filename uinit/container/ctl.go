package container

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/ctl"
	"github.com/imgbuild/imgbuild/uinit/status"
	"github.com/imgbuild/imgbuild/uinit/terminal"
)

// consoleSocket is where a system's console is served.
func consoleSocket(name string) string { return spec.ContainerDir(name) + "/console" }

// ctlMain is "uinitctl container": list (the default), stats, or a verb with the name of a container.
func ctlMain(args []string) int {
	if len(args) == 0 {
		args = []string{"list"}
	}
	events, err := status.Ask(status.Socket, "container "+strings.Join(args[:min(2, len(args))], " "))
	switch {
	case err != nil:
	case args[0] == "log":
		err = become("/proc/self/exe", slices.Concat([]string{"uinitctl", "log"}, args[2:], []string{"container:" + args[1]}))
	case args[0] == "exec":
		err = execIn(args[1], args[2:])
	case args[0] == "console":
		err = terminal.Join(consoleSocket(args[1]), args[1])
	default:
		err = writeContainers(os.Stdout, args[0] == "stats", events)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "uinitctl:", err)
		return 1
	}
	return 0
}

// become is another program from here on, or an error.
func become(program string, args []string) error {
	return fmt.Errorf("starting %s: %w", args[0], syscall.Exec(program, args, os.Environ()))
}

// writeContainers prints a line for each, no longer than a terminal is wide.
func writeContainers(w io.Writer, figures bool, events []report.Event) error {
	if figures {
		fmt.Fprintf(w, "%-16s %-9s %8s %14s %12s %8s %6s\n", "CONTAINER", "STATE", "CPU S", "MEMORY", "PROCESSES", "RECEIVED", "SENT")
	} else {
		fmt.Fprintf(w, "%-16s %-9s %7s %8s  %s\n", "CONTAINER", "STATE", "PID", "RESTARTS", "ADDRESSES")
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
		text := fmt.Sprintf("%-16s %-9s %7s %8d  %s", e.Name, e.State, number(row.PID), row.Restarts, strings.TrimSpace(strings.Join(row.Addresses, " ")+"  "+e.Message))
		if figures {
			memory, tasks := ctl.Bytes(row.Memory), fmt.Sprint(row.Tasks)
			if row.Most > 0 {
				memory += " of " + ctl.Bytes(row.Most)
			}
			if row.MostTasks > 0 {
				tasks += fmt.Sprintf(" of %d", row.MostTasks)
			}
			text = fmt.Sprintf("%-16s %-9s %8.1f %14s %12s %8s %6s", e.Name, e.State, row.CPU, memory, tasks, ctl.Bytes(row.Received), ctl.Bytes(row.Sent))
		}
		fmt.Fprintln(w, ctl.Cut(strings.TrimRight(text, " ")))
	}
	return nil
}

// number is a process' number, or a dash.
func number(pid int) string {
	if pid == 0 {
		return "-"
	}
	return fmt.Sprint(pid)
}
