package crash

import (
	"syscall"
	"testing"
)

func TestDescribe(t *testing.T) {
	for _, tt := range []struct {
		status syscall.WaitStatus
		words  string
		want   string
	}{
		{2 << 8, "panic: no\n\ngoroutine 1 [running]:\n", "panic: no"},
		{9, "", "killed by SIGKILL"},
		{7 << 8, " \n", "exit status 7"},
	} {
		if got := Describe(tt.status, tt.words); got != tt.want {
			t.Errorf("Describe(%d, %q) = %q, want %q", tt.status, tt.words, got, tt.want)
		}
	}
}
