package pool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// FIPS 140-2 with its first bounds, as rngtest(1) has them: each number is the last that passes.
func TestRunBounds(t *testing.T) {
	middle := [6]int{2500, 1250, 625, 312, 156, 156}
	if tooFewOrMany(middle) {
		t.Error("the middle fails")
	}
	for i, bound := range [6][2]int{{2315, 2685}, {1114, 1386}, {527, 723}, {240, 384}, {103, 209}, {103, 209}} {
		for n, failed := range map[int]bool{bound[0] - 1: true, bound[0]: false, bound[1]: false, bound[1] + 1: true} {
			runs := middle
			if runs[i] = n; tooFewOrMany(runs) != failed {
				t.Errorf("%d runs of length %d: failed %v, want %v", n, i+1, !failed, failed)
			}
		}
	}
}

func TestTallies(t *testing.T) {
	for _, tt := range []struct {
		blocks, failed int
		want           bool
	}{{119, 1, false}, {119, 2, true}, {120, 2, false}, {120, 3, true}, {1000, 9, false}, {1000, 10, true}, {0, 0, false}} {
		if got := (Tally{Blocks: tt.blocks, Failed: tt.failed}).Suspicious(); got != tt.want {
			t.Errorf("%d of %d failed: suspicious %v", tt.failed, tt.blocks, got)
		}
	}
	want := "blocks     1\nfailed     2\nmonobit    3\npoker      4\nruns       5\nlong run   6\n"
	if got := (Tally{1, 2, 3, 4, 5, 6}).String(); got != want {
		t.Errorf("got\n%s", got)
	}
	for _, v := range []Verdict{{Monobit: true}, {Poker: true}, {Runs: true}, {LongRun: true}} {
		if v.Passed() {
			t.Errorf("%+v passed", v)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a block that is too short was judged")
		}
	}()
	TestBlock(make([]byte, BlockSize-1))
}

// What the kernel reads: it would take other numbers for more or less credit than there is.
func TestPoolInfo(t *testing.T) {
	got := poolInfo([]byte("seed"), 256)
	if binary.NativeEndian.Uint32(got) != 256 || binary.NativeEndian.Uint32(got[4:]) != 4 || string(got[8:]) != "seed" {
		t.Errorf("% x", got)
	}
	if os.Getuid() != 0 {
		t.Skip("only root may stir the pool by hand")
	}
	if err := (System{}).Mix([]byte("no credit"), 0); err != nil {
		t.Error(err)
	}
	if err := (System{}).Mix([]byte("no credit"), -1); err == nil {
		t.Error("less than no credit was given")
	}
}

// A machine whose uinit is newer than its seed knows it for its own; the pool must never get what lies on a disk.
func TestSeedsOutliveUpdates(t *testing.T) {
	if got := ownerID("4c4c4544-0042-3510-8052-b4c04f4e3332\n"); got != "2208ed484af8c4fb" {
		t.Errorf("owner %s", got)
	}
	text := "uinit-seed-1 OWNER " + strings.Repeat("0f", 32) + "\n"
	s, err := parseSeed([]byte(text))
	if err != nil || s.String() != text {
		t.Errorf("%v, %v", s, err)
	}
	for _, bad := range []string{text + "\n", text + " ", " " + text, strings.Replace(text, "0f", "0g", 1), text[:len(text)-3] + "\n", strings.Replace(text, " O", "  O", 1), "uinit-seed-1 x " + strings.Repeat("0f", 33)} {
		if got, err := parseSeed([]byte(bad)); !errors.Is(err, ErrBadSeed) {
			t.Errorf("%q: %v, %v", bad, got, err)
		}
	}
	seen := map[[seedSize]byte]string{}
	for _, parts := range [][]string{{"use", "a", "b"}, {"use", "ab", ""}, {"use", "", "ab"}, {"replacement", "a", "b"}, {"use", "b", "a"}, {"use", "a"}} {
		sum := derive(parts[0], [][]byte{[]byte(parts[1]), []byte(strings.Join(parts[2:], ""))}[:len(parts)-1]...)
		if other, twice := seen[sum]; twice {
			t.Errorf("%q and %q give the same", parts, other)
		}
		seen[sum] = strings.Join(parts, " ")
	}
}

// Nobody else may have been able to read a seed that counts; a seed of 257 bytes is none.
func TestModesOfASeed(t *testing.T) {
	for mode, credited := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o700: true, 0o640: false, 0o604: false, 0o601: false, 0o620: false} {
		dir := t.TempDir()
		saved(t, dir, "box")
		if err := os.Chmod(filepath.Join(dir, SeedName), mode); err != nil {
			t.Fatal(err)
		}
		if use, err := LoadSeed(newFake(), dir, "box"); err != nil || use.Credited != credited {
			t.Errorf("mode %o: %+v, %v", mode, use, err)
		}
	}
	dir := t.TempDir()
	text := "uinit-seed-1 " + strings.Repeat("x", seedLimit-len("uinit-seed-1 ")-65) + " " + strings.Repeat("0f", 32)
	for _, tt := range []struct {
		text string
		ok   bool
	}{{text, true}, {text + "\n", false}} {
		if err := os.WriteFile(filepath.Join(dir, SeedName), []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadSeed(newFake(), dir, "box"); (err == nil) != tt.ok {
			t.Errorf("%d bytes: %v", len(tt.text), err)
		}
	}
	// A pool that takes nothing is told.
	saved(t, dir, "box")
	k := newFake()
	k.mixErr = errors.New("refused")
	if use, err := LoadSeed(k, dir, "box"); !errors.Is(err, k.mixErr) || use.Credited {
		t.Errorf("%+v, %v", use, err)
	}
}

func TestReadings(t *testing.T) {
	for _, tt := range []struct {
		line, param, off string
		want             bool
	}{
		{"", "p", "off", true}, {"p=1 off", "p", "off", false}, {"off p=1", "p", "off", false}, {"p=0", "p", "", false}, {"p=0 p=on", "p", "", true}, {"p=Y", "p", "", true},
		{"p=T", "p", "", true}, {"p=ON", "p", "", true}, {"p=yes", "p", "", false}, {"xp=0", "p", "", true}, {"off", "p", "", true},
	} {
		if got := trusted(tt.line, tt.param, tt.off); got != tt.want {
			t.Errorf("%q: %v", tt.line, got)
		}
	}
	for line, want := range map[string][2]string{
		"<6>[    1.5] text": {"1.5", "text"}, "[1.5] text": {"1.5", "text"}, "<6>text": {"", "text"}, "text > [x] y": {"", "text > [x] y"}, "x] text": {"", "x] text"}, "": {"", ""},
	} {
		if stamp, text := cutStamp(line); stamp != want[0] || text != want[1] {
			t.Errorf("%q: %q, %q", line, stamp, text)
		}
	}
	for log, want := range map[string]time.Duration{
		"<5>[1000000000.0] random: crng init done": 1e9 * time.Second, "<5>[1000000001.0] random: crng init done": -1, "<5>[-1.0] random: crng init done": -1, "<5>[0.0] random: crng init done": 0,
		"random: crng init done": -1, "<5>[2.0] x\n<5>[3.25] random: crng init done\n": 3250 * time.Millisecond, "<5>[1.0] x random: crng init done\n<5>[2.0] random: crng init done": 2 * time.Second,
	} {
		at, ok := readyStamp(log)
		if ok != (want >= 0) || ok && at != want {
			t.Errorf("%q: %v, %v; want %v", log, at, ok, want)
		}
	}
	if got := slices.Collect(linesWith("a\nbx\ncx x\n\nx", "x")); !slices.Equal(got, []string{"bx", "cx x", "x"}) {
		t.Errorf("lines %q", got)
	}
	for log, want := range map[string]bool{"efi: RNG=0x1": true, "efi: ACPI=0x1 RNG=0x1": true, "efi: XRNG=0x1": false, "xefi: RNG=0x1": false, "efi: X=RNG=0x1 \nefi: RNG=0x2": true} {
		if got := hasSeedTable("<6>[0.0] " + log); got != want {
			t.Errorf("%q: %v", log, got)
		}
	}
	long := "flags : " + strings.Repeat("x", 100<<10) + " rdrand\n"
	for info, want := range map[string]bool{"flags\t: a rdrand b": true, "flags: rdrandx": false, "bugs: rdrand\nflags: a": false, "flags: a\nflags: rdrand": false, long: true} {
		if got := hasFlag(info, "rdrand"); got != want {
			t.Errorf("%.30q: %v", info, got)
		}
	}
	all := Observed{Generator: "hwrng:x", CPU: true, EFI: true}
	if got := all.Sources(); !slices.Equal(got, []Source{"hwrng:x", RDRAND, EFISeed}) {
		t.Errorf("sources %v", got)
	}
	k := newFake()
	p := Start(k, root("virtio_rng.0", "fpu rdrand", ""))
	if got, want := p.Waiting(), "getrandom: the pool is not ready yet, though there is virtio-rng, rdrand"; got != want {
		t.Errorf("waits: %q", got)
	}
	k.fill()
	<-p.Ready()
	// A credit that fails, or is none, is not what made the pool ready.
	for _, tt := range []struct {
		bits int
		err  error
		want bool
	}{{256, nil, true}, {0, nil, false}, {256, errors.New("refused"), false}} {
		k := newFake()
		k.mixErr = tt.err
		p := &Pool{kernel: k}
		_ = seeding{k, p}.Mix(bytes.Repeat([]byte{1}, 32), tt.bits)
		if p.seedDone != tt.want {
			t.Errorf("%d bits, %v: done by the seed %v", tt.bits, tt.err, p.seedDone)
		}
	}
}
