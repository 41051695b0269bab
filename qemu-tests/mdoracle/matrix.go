package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/md"
)

// trial is one cell of the matrix.
type trial struct {
	level    spec.ArrayLevel
	metadata string
	state    string
	parts    bool
}

func (t trial) String() string {
	name := fmt.Sprintf("%s %s %s", t.level, t.metadata, t.state)
	if t.parts {
		name += " on partitions"
	}
	return name
}

var members = map[spec.ArrayLevel]int{"linear": 2, "raid0": 2, "raid1": 2, "raid4": 3, "raid5": 3, "raid6": 4, "raid10": 4}

func (t trial) redundant() bool { return t.level != "linear" && t.level != "raid0" }

func cases(versions []string) (list []trial) {
	for _, level := range []spec.ArrayLevel{"linear", "raid0", "raid1", "raid4", "raid5", "raid6", "raid10"} {
		for _, metadata := range versions {
			for _, state := range []string{"complete", "missing", "stale", "foreign", "dirty", "dirty and missing", "split brain", "spare"} {
				t := trial{level: level, metadata: metadata, state: state}
				switch {
				case !t.redundant() && state != "complete" && state != "missing" && state != "foreign":
				case state == "split brain" && level != "raid1" && level != "raid10": // others can't run on half
				case state == "foreign" && metadata == "0.90": // which names no host
				default:
					list = append(list, t)
				}
			}
		}
	}
	for _, metadata := range versions {
		list = append(list, trial{level: "raid1", metadata: metadata, state: "complete", parts: true})
	}
	return list
}

// try makes the array of a trial by mdadm, brings it into its state, and starts it both ways.
func (b *bench) try(t trial) (f Finding, err error) {
	devices := slices.Clone(b.disks[:members[t.level]])
	if t.parts {
		for i, d := range devices {
			if err := partition(d); err != nil {
				return f, err
			}
			devices[i] = d + "p1"
		}
	}
	spare := ""
	if t.state == "spare" {
		spare = b.disks[len(devices)]
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
	switch t.state {
	case "missing", "dirty and missing":
		seen = seen[1:]
	case "stale":
		if want, err = b.alone(devices[1:], 2); err != nil {
			return f, err
		}
	case "split brain":
		// Every other slot: a mirror's copies lie side by side.
		var halves [2][]string
		for i, d := range devices {
			halves[i%2] = append(halves[i%2], d)
		}
		for i, half := range halves {
			if _, err := b.alone(half, uint64(2+i)); err != nil {
				return f, err
			}
		}
	case "spare":
		seen = append(seen, spare)
	}
	return b.compare(t, seen, want)
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
	if t.metadata == "0.90" {
		name = ""
	}
	if !t.redundant() {
		clean = ""
	}
	if t.level == "raid0" && t.metadata == "0.90" {
		clean = "--layout=dangerous" // the version has no place for a layout
	}
	words := fmt.Sprintf("--create /dev/md/t --run --metadata=%s --level=%s %s --raid-devices=%d %s", t.metadata, t.level, clean, len(devices), name)
	if spare != "" {
		words += " --spare-devices=1"
		devices = append(slices.Clone(devices), spare)
	}
	return mdadm(words, devices...)
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
	if t.metadata != "0.90" {
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
		// mdadm starts the former under another name, and one half of the latter; we start neither.
		if op.Action != md.Refuse {
			return f, fmt.Errorf("%s is not refused", t.state)
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
	if h.Action == "recover" { // a spare is being filled, sooner or later in either
		for range 100 {
			if h, err = md.Examine(dev.Sys(), array); err != nil || len(h.Missing) == 0 {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return sum, len(h.Missing), err
}
