package container

import (
	"fmt"
	"os"
	"testing"
)

// execName makes the test binary what "uinitctl container exec" is, once it knows that the container runs.
const execName = "exec"

// TestMain lets the test binary be the program that crun starts as a hook, as uinit is.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == hookName {
		os.Exit(hookMain(os.Args[2:]))
	}
	if len(os.Args) > 2 && os.Args[1] == execName {
		if err := execIn(os.Args[2], os.Args[3:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}
