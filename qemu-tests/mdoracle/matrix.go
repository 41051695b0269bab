package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/dev"
)

// trial is one cell of the matrix.
type trial struct {
	level    spec.ArrayLevel
	metadata string
	state    string
	label    string // of the partition tables that its members lie in, "" for whole disks
}

func (t trial) String() string {
	name := fmt.Sprintf("%s %s %s", t.level, t.metadata, t.state)
	if t.label != "" {
		name += " on partitions of " + t.label
	}
	return name
}

var members = map[spec.ArrayLevel]int{"linear": 2, "raid0": 2, "raid1": 2, "raid4": 3, "raid5": 3, "raid6": 4, "raid10": 4}

func (t trial) redundant() bool { return t.level != "linear" && t.level != "raid0" }

// nameless says that the superblocks hold neither the array's name nor its host's.
func (t trial) nameless() bool { return t.metadata == "0.90" }

// old says that today's mdadm makes no such array.
func (t trial) old() bool { return t.level == "raid0" && t.nameless() }

// cases are all of them: what does not exist is tried, too, for it must not come to exist.
func cases(versions []string) (list []trial) {
	for _, metadata := range versions {
		for _, level := range []spec.ArrayLevel{"linear", "raid0", "raid1", "raid4", "raid5", "raid6", "raid10"} {
			for _, state := range []string{"complete", "missing", "stale", "foreign", "dirty", "dirty and missing", "split brain", "spare"} {
				list = append(list, trial{level: level, metadata: metadata, state: state})
			}
			for _, label := range []string{"gpt", "dos"} {
				list = append(list, trial{level: level, metadata: metadata, state: "complete", label: label})
			}
		}
		for _, level := range []spec.ArrayLevel{"linear", "raid0"} {
			list = append(list, trial{level: level, metadata: metadata, state: "unequal"})
		}
	}
	return list
}

// none is the decision where mdadm or the driver does not let a case come to exist.
const none = "none"

// try makes the array of a trial, brings it into its state, and starts it both ways.
func (b *bench) try(t trial) (f Finding, err error) {
	count := members[t.level]
	part := 0 // bytes, where a partition is not to reach to the disk's end
	if t.state == "unequal" {
		// How a raid0 is laid out shows where more than one member goes on when another one is full.
		t.label, part, count = "gpt", diskSize/2, 3
	}
	devices := slices.Clone(b.disks[:count])
	if t.label != "" {
		for i, d := range devices {
			if err := partition(d, t.label, part); err != nil {
				return f, err
			}
			devices[i], part = d+"p1", 0
		}
	}
	spare := ""
	if t.state == "spare" {
		spare = b.disks[len(devices)]
		if !t.redundant() {
			return refused(b.create(t, devices, spare))
		}
	}
	if err := b.create(t, devices, spare); err != nil {
		return f, err
	}
	want, err := b.fill(started(), 1)
	if err != nil {
		return f, err
	}
	if err := stop(); err != nil {
		return f, err
	}
	seen := slices.Clone(devices)
	if t.state == "unequal" && t.old() {
		// Nobody starts it before a person has said how it was laid out.
		if err := layout(0); err != nil {
			return f, err
		}
		defer layout(0)
		if op, err := b.ours(t.level, seen, spec.Array{}); op.Action != md.Start || !errors.Is(err, md.ErrLayout) {
			return f, fmt.Errorf("without a layout: %s, %v", op.Action, err)
		}
		if said := b.theirs(seen); said == nil || started() != "" {
			return f, fmt.Errorf("without a layout mdadm started %q: %v", started(), said)
		}
		if err := errors.Join(stop(), layout(2)); err != nil {
			return f, err
		}
	}
	switch t.state {
	case "missing", "dirty and missing":
		seen = seen[1:]
	case "stale":
		if want, err = b.alone(devices[1:], 2); !t.redundant() {
			return refused(err)
		}
	case "split brain":
		// Every other slot: a mirror's copies lie side by side, and two of four are enough for raid6.
		var halves [2][]string
		for i, d := range devices {
			halves[i%2] = append(halves[i%2], d)
		}
		_, err = b.alone(halves[0], 2)
		if _, alone := b.alone(halves[1], 3); alone != nil && err == nil && (t.level == "raid4" || t.level == "raid5") {
			return refused(alone) // two of three went on, the third could not
		} else if err == nil {
			err = alone
		}
		if !t.redundant() {
			return refused(err)
		}
	case "spare":
		seen = append(seen, spare)
	}
	if err != nil {
		return f, err
	}
	return b.compare(t, seen, want)
}

// refused is the finding that what was asked for was not done, and why; err says that it was done.
func refused(reason error) (Finding, error) {
	if reason == nil {
		return Finding{Got: "made"}, fmt.Errorf("it came to exist")
	}
	if a := started(); a != "" {
		return Finding{Got: "made"}, fmt.Errorf("%s runs after %w", a, reason)
	}
	return Finding{Got: none, Reason: reason.Error()}, stop()
}

// create leaves the array running; one that is to be dirty still checks its parity when it stops.
func (b *bench) create(t trial, devices []string, spare string) error {
	host, clean := "box", "--assume-clean"
	if t.state == "foreign" {
		host = "other"
	}
	limit := "200000"
	if strings.HasPrefix(t.state, "dirty") {
		clean, limit = "--force", "1"
	}
	for _, file := range []string{"speed_limit_min", "speed_limit_max"} {
		if err := os.WriteFile("/proc/sys/dev/raid/"+file, []byte(limit), 0); err != nil {
			return err
		}
	}
	name := "--name=t --homehost=" + host
	if t.nameless() {
		name = "--homehost=" + host
	}
	if !t.redundant() {
		clean = ""
	}
	words := fmt.Sprintf("--create /dev/md/t --run --metadata=%s --level=%s %s --raid-devices=%d %s", t.metadata, t.level, clean, len(devices), name)
	if t.level != "linear" && t.level != "raid1" {
		words += " --chunk=64" // KiB
	}
	if spare != "" {
		words += " --spare-devices=1"
		devices = append(slices.Clone(devices), spare)
	}
	err := mdadm(words, devices...)
	if t.old() && spare == "" {
		if t.state == "unequal" {
			err = errors.Join(err, layout(2))
		}
		return old(err, devices)
	}
	return err
}

// alone writes to a part of an array while the rest is away.
func (b *bench) alone(devices []string, seed uint64) (string, error) {
	if err := mdadm("--assemble --run /dev/md/t", devices...); err != nil {
		return "", err
	}
	sum, err := b.fill(started(), seed)
	if err != nil {
		return "", err
	}
	return sum, stop()
}

// compare starts what is seen, ours first; neither may change what the other finds.
func (b *bench) compare(t trial, seen []string, want string) (f Finding, err error) {
	match := spec.ArrayMatch{}
	if !t.nameless() || t.state == "foreign" {
		match.Name = "t"
	}
	op, err := b.ours(t.level, seen, spec.Array{Match: match})
	f.Got, f.Reason = string(op.Action), op.Reason
	if err != nil {
		return f, err
	}
	ours, missing := "", -1
	if op.Action == md.Start {
		if ours, missing, err = b.look(); err != nil {
			return f, err
		}
		if ours != want {
			return f, fmt.Errorf("our array holds %s, want %s", ours, want)
		}
		if err := stop(); err != nil {
			return f, err
		}
	}
	if t.state == "foreign" || t.state == "split brain" {
		// mdadm starts the former under another name, and one half of the latter; we start neither. What bears
		// no name answers to none, whoever made it.
		want := md.Refuse
		if t.state == "foreign" && t.nameless() {
			want = md.Wait
		}
		if op.Action != want {
			return f, fmt.Errorf("%s: want %s", t.state, want)
		}
		return f, nil
	}
	// Its status says nothing: it also fails for what it leaves out.
	said := b.theirs(seen)
	if (started() != "") != (op.Action == md.Start) {
		return f, fmt.Errorf("mdadm started %q: %v", started(), said)
	}
	if started() != "" {
		sum, gone, err := b.look()
		if err != nil {
			return f, err
		}
		if sum != want || gone != missing {
			return f, fmt.Errorf("mdadm's array holds %s without %d members, ours %s without %d", sum, gone, ours, missing)
		}
	}
	return f, stop()
}

// look is the sum of the array that runs, and how many slots have nobody.
func (b *bench) look() (sum string, missing int, err error) {
	array := started()
	if array == "" {
		return "", 0, fmt.Errorf("nothing runs")
	}
	if sum, err = b.sum(array); err != nil {
		return "", 0, err
	}
	h, err := md.Examine(dev.Sys(), array)
	if err == nil && h.Action == "recover" { // a spare is being filled, sooner or later in either
		err = await("the spare to be filled", func() (bool, error) {
			h, err = md.Examine(dev.Sys(), array)
			return err != nil || len(h.Missing) == 0, nil
		})
	}
	return sum, len(h.Missing), err
}
