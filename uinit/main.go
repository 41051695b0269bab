// Command uinit is /init of an imgbuild appliance and, by the name it is called under, the
// few programs that belong to it:
//
//	/init, /sbin/init                     PID 1 (pid1.go)
//	uinit worker | rescue | getty | login its children
//	uinit checkpassword                   what the SSH server asks
//	uinit sandbox                         what a service starts as: it makes its namespaces and gives up its rights
//	/sbin/poweroff, reboot, halt          ask PID 1 to end the run
//	/sbin/modprobe                        what the kernel calls for a module
//	/bin/uinitctl                         what came up, and what it found out
//	uinit rngtest                         tests a random generator for gross faults
//
// It reads /etc/uinit/machine.json and of the kernel line:
//
//	uinit.keymap=NAME             the keyboard map of screens, of those in the image
//	uinit.rescue, single, S, 1    a rescue shell before the boot, for who knows root's password
//	uinit.panic=WHAT              what follows on uinit's own crash: restart (default; a reboot after three within ten
//	                              minutes), rescue, reboot, poweroff
//	uinit.test                    the host may run commands through the virtio control port
//	uinit.report=ttyS1            a serial port for the report where there is no virtio port
//	uinit.debug                   more lines in the log
//	uinit.test.panic[=UNIT]       a test of faults: that unit panics, or the worker
//	MODULE.PARAMETER=VALUE        parameters of modules
//	modprobe.blacklist=A,B        modules that no device loads
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/uinit/features"
	"github.com/imgbuild/imgbuild/uinit/power"
)

func main() {
	name, args := filepath.Base(os.Args[0]), os.Args[1:]
	// Only the kernel starts PID 1 under this name, with words of the kernel line as arguments.
	// The number alone would not do: a service in a namespace of its own is PID 1 there.
	if name == "init" && os.Getpid() == 1 {
		pid1()
	}
	if (name == "init" || name == "uinit") && len(args) > 0 {
		name, args = args[0], args[1:]
	}
	os.Exit(program(name, args))
}

// program runs one of the programs and returns its exit status.
func program(name string, args []string) int {
	switch name {
	case "worker":
		return workerMain(args)
	case "rescue":
		return rescueMain(strings.Join(args, " "))
	case "poweroff", "reboot", "halt":
		return powerMain(power.Action(name), args)
	case "uinitctl":
		return uinitctlMain(args)
	case "version", "--version":
		fmt.Println("uinit", version())
		return 0
	}
	accepted := []string{"worker", "rescue", "poweroff", "reboot", "halt", "uinitctl", "version"}
	for _, l := range features.All() {
		if main := l.Programs[name]; main != nil {
			return main(args)
		}
		accepted = slices.AppendSeq(accepted, maps.Keys(l.Programs))
	}
	slices.Sort(accepted)
	fmt.Fprintf(os.Stderr, "uinit: %q is not known; accepted: %s\n", name, strings.Join(accepted, ", "))
	return 2
}

// powerMain is poweroff(8) and its kin: -f goes past PID 1, for when that no longer answers.
func powerMain(a power.Action, args []string) int {
	act := power.Request
	for _, arg := range args {
		switch arg {
		case "-f", "--force":
			act = power.Now
		case "-h", "--help":
			fmt.Printf("%s ends the run in good order; -f at once, without stopping anything\n", a)
			return 0
		default:
			fmt.Fprintf(os.Stderr, "%s: %s is not known; accepted: -f (at once, without stopping anything)\n", a, arg)
			return 2
		}
	}
	if err := act(a); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", a, err)
		return 1
	}
	return 0
}
