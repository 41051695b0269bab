package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// The group of a command ends with it, and not only when all checks are decided.
func TestGroupEndsWithItsCommand(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("prove is root's")
	}
	r, err := newRunner()
	if err != nil {
		t.Fatal(err)
	}
	defer r.leave()
	if reply, err := r.run(t.Context(), []string{"sh", "-c", "sleep 600 > /dev/null 2>&1 & true"}); err != nil || reply.Exit == nil || *reply.Exit != 0 {
		t.Fatalf("%+v, %v", reply, err)
	}
	left := 1
	for end := time.Now().Add(5 * time.Second); left > 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		left = 0
		for _, pid := range children() {
			if stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); !strings.Contains(string(stat), ") Z ") { // what waits to be reaped has ended
				left++
			}
		}
	}
	if left > 0 {
		t.Errorf("%d processes run still", left)
	}
}
