package service

import (
	"fmt"
	"os"

	"github.com/imgbuild/imgbuild/internal/loopback"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
)

// sandboxed starts sandboxMain. It is not called init: in a process namespace it is number 1 too, and
// would boot the machine once more.
var sandboxed = []string{"/usr/bin/uinit", "sandbox"}

// sandboxMain is "uinit sandbox SANDBOX COMMAND...", the beginning of a service in namespaces of its own.
func sandboxMain(args []string) int {
	if len(args) < 2 {
		fmt.Fprintln(os.Stderr, "uinit: accepted: sandbox SANDBOX COMMAND...")
		return 2
	}
	e, err := supervise.ParseSandbox(args[0])
	if err == nil && e.Loopback {
		err = loopback.Up()
	}
	status := 1
	if err == nil {
		status, err = e.Run(args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "uinit:", err)
		return 1
	}
	return status
}
