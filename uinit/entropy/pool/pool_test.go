package pool

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func root(generator, flags, line string) fstest.MapFS {
	m := fstest.MapFS{
		cpuInfo:    {Data: []byte("processor\t: 0\nflags\t\t: " + flags + "\nbugs\t\t:\n")},
		kernelLine: {Data: []byte(line + "\n")},
	}
	if generator != "" {
		m[currentGenerator] = &fstest.MapFile{Data: []byte(generator + "\n")}
	}
	return m
}

func TestObserve(t *testing.T) {
	const efi = "<6>[    0.000000] efi: SMBIOS=0x1f5cb000 ACPI=0x1f77e000 RNG=0x1f5ca018 \n"
	for _, c := range []struct {
		name string
		root fstest.MapFS
		log  string
		want Observed
	}{
		{"nothing", fstest.MapFS{}, "", Observed{}},
		{"a bare processor", root("", "fpu rdtscp", ""), "", Observed{}},
		{"virtio", root("virtio_rng.0", "fpu", ""), "", Observed{Generator: VirtioRNG}},
		{"a generator of another kind", root("tpm-rng-0", "fpu", ""), "", Observed{Generator: "hwrng:tpm-rng-0"}},
		{"none chosen", root("none", "fpu", ""), "", Observed{}},
		{"rdrand", root("", "fpu rdrand rdseed", "quiet"), "", Observed{CPU: true}},
		{"rdrand off", root("", "fpu rdrand", "nordrand"), "", Observed{}},
		{"rdrand distrusted", root("", "fpu rdrand", "random.trust_cpu=off"), "", Observed{}},
		{"rdrand distrusted, then trusted", root("", "rdrand", "random.trust_cpu=0 random.trust_cpu=1"), "", Observed{CPU: true}},
		{"efi", root("", "fpu", ""), efi, Observed{EFI: true}},
		{"efi distrusted", root("", "fpu", "random.trust_bootloader=0"), efi, Observed{}},
		{"ready", root("", "fpu", ""), "<5>[    1.250000] random: crng init done\n", Observed{Stamped: true, Ready: 1250 * time.Millisecond}},
		{"ready before the clock ran", root("", "fpu", ""), "<5>[    0.000000] random: crng init done\n", Observed{Stamped: true}},
		{"a broken stamp", root("", "fpu", ""), "[99999999999.0] random: crng init done\n", Observed{}},
		{"words of another program", root("", "fpu", ""), "<30>[    1.250000] probe: random: crng init done RNG=0x1\n", Observed{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Observe(c.root, c.log); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestFilledBy(t *testing.T) {
	all := Observed{Generator: VirtioRNG, CPU: true, EFI: true}
	for _, c := range []struct {
		name        string
		seen        Observed
		early, seed bool
		want        Source
	}{
		{"everything, before uinit", all, true, false, EFISeed},
		{"no loader's seed", Observed{Generator: VirtioRNG, CPU: true}, true, false, RDRAND},
		{"driver built in", Observed{Generator: VirtioRNG}, true, false, VirtioRNG},
		{"module loaded by uinit", Observed{Generator: VirtioRNG}, false, false, VirtioRNG},
		{"processor that gave too little", Observed{CPU: true}, false, false, Jitter},
		{"our seed came first", all, false, true, SavedSeed},
		{"nothing", Observed{}, false, false, Jitter},
	} {
		if got := c.seen.filledBy(c.early, c.seed); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestPoolReadyBeforeUinit(t *testing.T) {
	k := newFake()
	k.fill()
	k.setUptime(3 * time.Second)
	p := Start(k, root("", "rdrand", ""))
	if !p.State().Ready {
		t.Error("a pool that is ready is not seen to be")
	}
	got, err := p.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := State{Ready: true, At: 3 * time.Second, By: RDRAND, There: []Source{RDRAND}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if p.Waiting() != "" {
		t.Errorf("a ready pool waits for %q", p.Waiting())
	}
}

func TestPoolReadyBeforeTheClock(t *testing.T) {
	k := newFake()
	k.fill()
	k.setUptime(3 * time.Second)
	k.log = "<6>[    0.000000] efi: ACPI=0x1 RNG=0x2\n<5>[    0.000000] random: crng init done\n"
	if got := Start(k, root("virtio_rng.0", "fpu", "")).State(); !got.Ready || got.At != 0 || got.By != EFISeed {
		t.Errorf("got %+v", got)
	}
}

func TestPoolReadyLater(t *testing.T) {
	k := newFake()
	k.setUptime(time.Second)
	p := Start(k, root("", "fpu", ""))
	if s := p.State(); s.Ready {
		t.Fatalf("ready too early: %+v", s)
	}
	if !strings.HasPrefix(p.Waiting(), "getrandom: no hardware generator") {
		t.Errorf("waits for %q", p.Waiting())
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("shutting down")
	cancel(stop)
	if _, err := p.Wait(ctx); !errors.Is(err, stop) {
		t.Errorf("got %v, want %v", err, stop)
	}
	k.setUptime(2500 * time.Millisecond)
	k.fill()
	got, err := p.Wait(t.Context())
	if err != nil || got.By != Jitter || got.At != 2500*time.Millisecond {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := p.Wait(ctx); err != nil {
		t.Errorf("a ready pool needs no waiting, got %v", err)
	}
}

func TestPoolFilledBySeed(t *testing.T) {
	dir := t.TempDir()
	k := newFake()
	saved(t, dir, "box")
	p := Start(k, root("virtio_rng.0", "fpu", ""))
	if _, err := p.UseSeed(dir, "box"); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Wait(t.Context()); err != nil || got.By != SavedSeed {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestSeedAfterReadyIsNotTheSource(t *testing.T) {
	dir := t.TempDir()
	k := newFake()
	saved(t, dir, "box")
	k.fill()
	p := Start(k, root("virtio_rng.0", "fpu", ""))
	if use, err := p.UseSeed(dir, "box"); err != nil || !use.Credited {
		t.Fatal(use, err)
	}
	if got, err := p.Wait(t.Context()); err != nil || got.By != VirtioRNG {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestSystem(t *testing.T) {
	var k System
	a, b := make([]byte, 32), make([]byte, 32)
	if ready, err := k.Early(a); err != nil || !ready {
		t.Fatalf("ready %v, %v", ready, err)
	}
	if err := k.Random(b); err != nil {
		t.Fatal(err)
	}
	if string(a) == string(b) {
		t.Error("the same bytes twice")
	}
	if k.Uptime() <= 0 {
		t.Error("no uptime")
	}
	if _, err := os.Stat(filepath.Join("/", currentGenerator)); err == nil {
		if o := Observe(os.DirFS("/"), ""); o.Generator == "" && strings.TrimSpace(read(t, "/"+currentGenerator)) != "none" {
			t.Error("the machine's generator was not seen")
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func FuzzObserve(f *testing.F) {
	f.Add("virtio_rng.0", "fpu rdrand", "random.trust_cpu=off", "<5>[    1.5] random: crng init done\n")
	f.Add("none", "", "nordrand", "efi: RNG=0x1")
	f.Fuzz(func(t *testing.T, generator, flags, line, log string) {
		o := Observe(root(generator, flags, line), log)
		if o.Ready < 0 || o.filledBy(true, false) == "" {
			t.Errorf("got %+v", o)
		}
	})
}
