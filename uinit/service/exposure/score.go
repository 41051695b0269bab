package exposure

import (
	"math/bits"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// A factor is something that is open to a service, and how much it counts of 100.
type factor struct {
	weight int
	what   string
}

// heavy are capabilities by which the whole machine can be had, and those that come near it.
var heavy = map[string]int{
	"sys_admin": 15, "sys_module": 15, "sys_rawio": 15, "sys_ptrace": 15, "setfcap": 10, "mknod": 10, "bpf": 10,
	"chown": 5, "dac_override": 5, "dac_read_search": 5, "fowner": 5, "setuid": 5, "setgid": 5, "net_admin": 5, "sys_boot": 5, "mac_admin": 5,
}

// mostByCapabilities is what all of them count together.
const mostByCapabilities = 40

// factors are what is open. All of it together makes 100.
func (h Holding) factors() (all []factor) {
	add := func(open bool, weight int, what string) {
		if open {
			all = append(all, factor{weight, what})
		}
	}
	add(h.UID == 0, 10, "root")
	if mask := h.Capabilities & full(); mask != 0 {
		sum := 0
		for i, c := range spec.Capabilities() {
			if mask>>i&1 != 0 {
				sum += max(heavy[string(c)], 2)
			}
		}
		what := "all capabilities"
		if mask != full() {
			what = Names(mask)
		}
		if n := bits.OnesCount64(mask); n > 3 && mask != full() {
			what = strings.Join(strings.Fields(what)[:2], " ") + " and others"
		}
		add(true, min(sum, mostByCapabilities), what)
	}
	add(!h.NoNew, 10, "new rights")
	add(!h.Filtered, 15, "all system calls")
	for _, group := range h.Calls {
		add(h.Filtered, 3, string(group))
	}
	everywhere := len(h.Writable) > 0 && h.Writable[0] == "/"
	add(everywhere, 10, "writes everywhere")
	add(!everywhere && len(h.Writable) > 0, min(len(h.Writable), 5), "writes "+strings.Join(h.Writable, " "))
	for _, name := range h.Shared {
		switch name {
		case "dev":
			add(true, 5, "all devices")
		case "tmp":
			add(true, 2, "/tmp")
		case "net":
			add(true, 5, "network")
		case "pid":
			add(true, 3, "processes")
		}
	}
	return all
}

// Score is how much is open to a service, from 0 to 100; its word, as systemd-analyze(1) has it; and what opens it.
func (h Holding) Score() (of100 int, word, by string) {
	var what []string
	for _, f := range h.factors() {
		of100 += f.weight
		what = append(what, f.what)
	}
	of100 = min(of100, 100)
	for _, step := range []struct {
		from int
		word string
	}{{100, "DANGEROUS"}, {90, "UNSAFE"}, {75, "EXPOSED"}, {50, "MEDIUM"}, {10, "OK"}, {1, "SAFE"}, {0, "PERFECT"}} {
		if of100 >= step.from {
			return of100, step.word, strings.Join(what, ", ")
		}
	}
	return of100, "", ""
}
