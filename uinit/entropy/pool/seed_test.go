package pool

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// saved leaves a seed as a machine with a ready pool does.
func saved(t *testing.T, dir, owner string) string {
	t.Helper()
	k := newFake()
	k.fill()
	if err := SaveSeed(k, dir, owner); err != nil {
		t.Fatal(err)
	}
	return read(t, filepath.Join(dir, SeedName))
}

func TestSeedIsReplacedBeforeItIsUsed(t *testing.T) {
	dir := t.TempDir()
	old := saved(t, dir, "box")
	k := newFake()
	var onDisk string
	k.onMix = func() { onDisk = read(t, filepath.Join(dir, SeedName)) }
	use, err := LoadSeed(k, dir, "box")
	if err != nil || use != (Use{Credited: true}) {
		t.Fatalf("got %+v, %v", use, err)
	}
	if onDisk == old {
		t.Error("the pool got the seed while the old file was still there")
	}
	if len(k.bits) != 1 || k.bits[0] != 256 {
		t.Errorf("credited %v, want 256 bits once", k.bits)
	}
	for _, text := range []string{old, onDisk} {
		s, err := parseSeed([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if string(s.secret[:]) == string(k.mixed[0]) {
			t.Error("a file holds what the pool got")
		}
	}
	// The next boot, with a pool that gives the same early bytes, must not repeat this one.
	next := newFake()
	if _, err := LoadSeed(next, dir, "box"); err != nil {
		t.Fatal(err)
	}
	if string(next.mixed[0]) == string(k.mixed[0]) {
		t.Error("two boots used the same seed")
	}
	if info, _ := os.Stat(filepath.Join(dir, SeedName)); info.Mode() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestSeedWithoutReplacementGetsNoCredit(t *testing.T) {
	dir := t.TempDir()
	old := saved(t, dir, "box")
	// A directory in the way fails for root as well, as a full or read-only disk would.
	if err := os.MkdirAll(filepath.Join(dir, "."+SeedName+".new", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	k := newFake()
	use, err := LoadSeed(k, dir, "box")
	if err == nil || use.Credited {
		t.Fatalf("got %+v, %v", use, err)
	}
	if len(k.bits) != 1 || k.bits[0] != 0 {
		t.Errorf("credited %v, want 0 once", k.bits)
	}
	if read(t, filepath.Join(dir, SeedName)) != old {
		t.Error("the old seed is gone")
	}
}

func TestSeedOfAnotherMachine(t *testing.T) {
	dir := t.TempDir()
	saved(t, dir, "original")
	for boot := range 2 {
		k := newFake()
		use, err := LoadSeed(k, dir, "copy")
		if err != nil || use.Credited || k.bits[0] != 0 {
			t.Fatalf("boot %d: got %+v, %v, credit %v", boot, use, err, k.bits)
		}
	}
	// Once the copy had a ready pool the seed is its own.
	saved(t, dir, "copy")
	if use, err := LoadSeed(newFake(), dir, "copy"); err != nil || !use.Credited {
		t.Errorf("got %+v, %v", use, err)
	}
}

func TestSeedThatOthersCouldRead(t *testing.T) {
	dir := t.TempDir()
	saved(t, dir, "box")
	if err := os.Chmod(filepath.Join(dir, SeedName), 0o644); err != nil {
		t.Fatal(err)
	}
	for boot := range 2 {
		if use, err := LoadSeed(newFake(), dir, "box"); err != nil || use.Credited {
			t.Errorf("boot %d: got %+v, %v", boot, use, err)
		}
	}
}

func TestSeedErrors(t *testing.T) {
	secret := "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"empty", "", ErrBadSeed},
		{"zeros after a crash", string(make([]byte, 100)), ErrBadSeed},
		{"short", "uinit-seed-1 box 0011", ErrBadSeed},
		{"not hexadecimal", "uinit-seed-1 box " + secret[:62] + "zz", ErrBadSeed},
		{"of another version", "uinit-seed-9 box " + secret + "\n", ErrBadSeed},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, SeedName), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			k := newFake()
			if _, err := LoadSeed(k, dir, "box"); !errors.Is(err, c.want) || len(k.mixed) != 0 {
				t.Errorf("got %v with %d mixed, want %v", err, len(k.mixed), c.want)
			}
		})
	}
	if _, err := LoadSeed(newFake(), t.TempDir(), "box"); !errors.Is(err, ErrNoSeed) {
		t.Errorf("got %v, want %v", err, ErrNoSeed)
	}
	dir := t.TempDir()
	if err := SaveSeed(newFake(), dir, "box"); !errors.Is(err, ErrNotReady) {
		t.Errorf("got %v, want %v", err, ErrNotReady)
	}
	if _, err := os.Stat(filepath.Join(dir, SeedName)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a seed was saved from an empty pool")
	}
	for what, make := range map[string]func(string) error{
		"a link":   func(p string) error { return os.Symlink("/dev/zero", p) },
		"a pipe":   func(p string) error { return unix.Mkfifo(p, 0o600) },
		"500 GB":   func(p string) error { return errors.Join(os.WriteFile(p, nil, 0o600), os.Truncate(p, 500<<30)) },
		"a socket": func(p string) error { return unix.Mknod(p, unix.S_IFSOCK|0o600, 0) },
	} {
		dir := t.TempDir()
		outside := filepath.Join(t.TempDir(), "outside")
		if err := errors.Join(make(filepath.Join(dir, SeedName)), os.Symlink(outside, filepath.Join(dir, "."+SeedName+".new"))); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadSeed(newFake(), dir, "box"); !errors.Is(err, ErrBadSeed) {
			t.Errorf("%s: got %v, want %v", what, err, ErrBadSeed)
		}
		saved(t, dir, "box")
		if use, err := LoadSeed(newFake(), dir, "box"); err != nil || !use.Credited {
			t.Errorf("%s, replaced: %+v, %v", what, use, err)
		}
		if _, err := os.Lstat(outside); err == nil {
			t.Errorf("%s: the seed went through a link", what)
		}
	}
}

func FuzzParseSeed(f *testing.F) {
	f.Add([]byte(seed{owner: "0011223344556677"}.String()))
	f.Add([]byte("uinit-seed-1  "))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseSeed(text)
		if err != nil {
			return
		}
		again, err := parseSeed([]byte(s.String()))
		if err != nil || again != s {
			t.Errorf("%q does not survive being written: %v", text, err)
		}
	})
}
