package pool

import (
	"bufio"
	"io/fs"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Source is where the kernel's random pool got its first 256 bits from.
type Source string

// Sources, in the order in which they are asked for. A generator of the hw_random
// core that is not virtio's appears as "hwrng:" and the name of its driver.
const (
	VirtioRNG Source = "virtio-rng"
	RDRAND    Source = "rdrand"
	EFISeed   Source = "efi-seed"
	SavedSeed Source = "saved-seed"
	// Jitter is what is left: the kernel times its own execution, which takes about
	// a second from the first blocked getrandom (try_to_generate_entropy, random.c).
	Jitter Source = "jitter"
)

// Observed is what a machine has to fill the pool from.
type Observed struct {
	// Generator is the current one of the kernel's hw_random core, or empty.
	Generator Source
	// CPU: there is RDRAND, and the kernel line does not tell the kernel to distrust it.
	CPU bool
	// EFI: the firmware or boot loader handed over a seed.
	EFI bool
	// Stamped: the kernel's log still has "crng init done", and Ready is its time stamp,
	// which is 0 where the loader's seed was enough.
	Stamped bool
	Ready   time.Duration
}

const (
	currentGenerator = "sys/class/misc/hw_random/rng_current" // Documentation/admin-guide/hw_random.rst
	cpuInfo          = "proc/cpuinfo"
	kernelLine       = "proc/cmdline"
)

// Observe reads what there is from the root directory's /proc and /sys and from the
// kernel's log. What can't be read is not there.
func Observe(root fs.FS, log string) Observed {
	var o Observed
	if b, err := fs.ReadFile(root, currentGenerator); err == nil {
		o.Generator = generator(strings.TrimSpace(string(b)))
	}
	info, _ := fs.ReadFile(root, cpuInfo)
	line, _ := fs.ReadFile(root, kernelLine)
	o.CPU = hasFlag(string(info), "rdrand") && trusted(string(line), "random.trust_cpu", "nordrand")
	o.EFI = hasSeedTable(log) && trusted(string(line), "random.trust_bootloader", "")
	o.Ready, o.Stamped = readyStamp(log)
	return o
}

// Sources lists what was observed, best first.
func (o Observed) Sources() []Source {
	var all []Source
	if o.Generator != "" {
		all = append(all, o.Generator)
	}
	if o.CPU {
		all = append(all, RDRAND)
	}
	if o.EFI {
		all = append(all, EFISeed)
	}
	return all
}

// filledBy names the source of a pool that became ready before uinit started (early) or
// after. Of the early ones the kernel takes the loader's seed first (setup_arch), then the
// processor's (random_init); a generator's driver comes later.
func (o Observed) filledBy(early, seed bool) Source {
	switch {
	case seed:
		return SavedSeed
	case early && o.EFI:
		return EFISeed
	case early && o.CPU:
		return RDRAND
	case o.Generator != "":
		return o.Generator
	}
	return Jitter
}

func generator(name string) Source {
	switch {
	case name == "" || name == "none":
		return ""
	case strings.HasPrefix(name, "virtio_rng"):
		return VirtioRNG
	}
	return Source("hwrng:" + name)
}

func hasFlag(cpuinfo, flag string) bool {
	in := bufio.NewScanner(strings.NewReader(cpuinfo))
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		if name, value, ok := strings.Cut(in.Text(), ":"); ok && strings.TrimSpace(name) == "flags" {
			return slices.Contains(strings.Fields(value), flag)
		}
	}
	return false
}

// trusted reads a switch of the kernel line, which the kernel parses with kstrtobool;
// off is a word that alone says no.
func trusted(line, param, off string) bool {
	yes := true
	for word := range strings.FieldsSeq(line) {
		if value, ok := strings.CutPrefix(word, param+"="); ok {
			yes = slices.Contains([]string{"1", "y", "Y", "t", "T", "on", "On", "ON"}, value)
		} else if off != "" && word == off {
			return false
		}
	}
	return yes
}

// hasSeedTable finds the line on which drivers/firmware/efi prints the tables it found; RNG= is
// LINUX_EFI_RANDOM_SEED_TABLE_GUID.
func hasSeedTable(log string) bool {
	for line := range linesWith(log, "RNG=0x") {
		_, text := cutStamp(line)
		before, _, _ := strings.Cut(text, "RNG=0x")
		if strings.HasPrefix(before, "efi: ") && strings.HasSuffix(before, " ") {
			return true
		}
	}
	return false
}

// readyStamp finds "[    1.234567] random: crng init done".
func readyStamp(log string) (at time.Duration, ok bool) {
	const done = "random: crng init done"
	for line := range linesWith(log, done) {
		stamp, text := cutStamp(line)
		if seconds, err := strconv.ParseFloat(stamp, 64); err == nil && seconds >= 0 && seconds <= 1e9 && strings.HasPrefix(text, done) {
			return time.Duration(seconds * float64(time.Second)), true
		}
	}
	return 0, false
}

// linesWith gives the lines of the kernel's log that hold words. Regular expressions would say it
// shorter, and cost a slow machine 20 ms of its boot: every process of uinit compiles them.
func linesWith(log, words string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for {
			i := strings.Index(log, words)
			if i < 0 {
				return
			}
			start := strings.LastIndexByte(log[:i], '\n') + 1
			line, rest, _ := strings.Cut(log[start:], "\n")
			if !yield(line) {
				return
			}
			log = rest
		}
	}
}

// cutStamp splits a line as syslog(2) gives it: "<6>[    1.234567] text". Either mark may be absent.
func cutStamp(line string) (stamp, text string) {
	if level, rest, ok := strings.Cut(line, ">"); ok && strings.HasPrefix(level, "<") {
		line = rest
	}
	if inner, rest, ok := strings.Cut(line, "] "); ok && strings.HasPrefix(inner, "[") {
		return strings.TrimLeft(inner[1:], " "), rest
	}
	return "", line
}
