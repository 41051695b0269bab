package vm

import (
	"fmt"
	"os"
	"testing"

	"github.com/imgbuild/imgbuild/uinit/service/supervise"
)

// TestMain lets the test binary be the program that takes QEMU's rights away, as uinit is.
func TestMain(m *testing.M) {
	if len(os.Args) > 3 && os.Args[1] == "sandbox" {
		e, err := supervise.ParseSandbox(os.Args[2])
		if err == nil {
			_, err = e.Run(os.Args[3:])
		}
		fmt.Println("sandbox:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
