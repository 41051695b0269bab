package account

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/internal/traced"
)

// A machine that loses power while its password is set has the old one or the new one, and never no accounts.
func TestAccountsAreOnTheDisk(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "shadow")
	if err := os.WriteFile(file, []byte("root:*:1::::::\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	rows := traced.Of(t, dir, func() {
		if err := Apply(file, "root", hash); err != nil {
			t.Error(err)
		}
	})
	if err := traced.Durable(rows, "shadow", false); err != nil {
		t.Error(err)
	}
}
