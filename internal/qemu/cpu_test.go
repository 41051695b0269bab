package qemu

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestProcessCPU(t *testing.T) {
	before, err := processCPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for n, begin := 0, time.Now(); time.Since(begin) < 10*time.Millisecond; n++ {
		_ = n
	}
	after, err := processCPU(os.Getpid())
	if err != nil || after <= before {
		t.Errorf("%v, then %v, %v", before, after, err)
	}
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	if _, err := processCPU(gone.Process.Pid); err == nil {
		t.Error("a process that has ended has a clock")
	}
}
