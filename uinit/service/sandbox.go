package service

import (
	"fmt"
	"os"

	"github.com/imgbuild/imgbuild/internal/loopback"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
)

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
