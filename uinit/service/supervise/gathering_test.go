package supervise

import (
	"os"
	"path/filepath"
	"testing"
)

func TestGathering(t *testing.T) {
	for _, tt := range []struct{ stack, want string }{
		{"[<0>] try_to_generate_entropy+0x1a4/0x270\n[<0>] wait_for_random_bytes.part.0+0x54/0x170\n[<0>] random_read_iter+0x61/0xb0\n[<0>] vfs_read+0x1fd/0x310\n", "read /dev/random"},
		{"[<0>] wait_for_random_bytes.part.0+0x54/0x170\n[<0>] __do_sys_getrandom+0x5c/0xe0\n", "getrandom"},
		{"[<0>] do_wait+0x160/0x2f0\n", ""},
		{"", ""},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "stack"), []byte(tt.stack), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := gathering(dir); got != tt.want {
			t.Errorf("gathering of %q: %q, want %q", tt.stack, got, tt.want)
		}
	}
	if got := gathering(t.TempDir()); got != "" {
		t.Errorf("without a stack: %q", got)
	}
}
