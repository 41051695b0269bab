package profile

import (
	"maps"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// stateMount holds the mount of the image's own state partition to what lies on it.
func (c *crosser) stateMount() {
	for _, at := range slices.Sorted(maps.Keys(c.p.Mount)) {
		if m := c.p.Mount[at]; m.Source == StateSource && c.p.Disk.State > 0 && m.Type != "ext4" {
			c.Of("disk.state", joinKey("mount", at)+".source").Bad(joinKey("mount", at)+".type", "is %s, and the state partition of the image holds ext4", m.Type)
		}
	}
}

// units names every unit that the machine will have: what a service may need, and a check may ask about.
func (c *crosser) units() []string {
	var names []string
	for _, u := range features.Units(c.p.Description()) {
		names = append(names, u.Name)
	}
	slices.Sort(names)
	return names
}

// tablesOfFeatures are those of a profile by which features have rows: each is called like its table.
func tablesOfFeatures() []string {
	tables := []string{"share.nfs", "share.smb", "share.iscsi"}
	for _, f := range features.All() {
		tables = append(tables, f.Name)
	}
	return tables
}

// unitRef is for problems that stand on there being no unit of a name: any table may have had one more row.
func (c *crosser) unitRef(name string) problem.Judge {
	kind, row, ok := strings.Cut(name, ":")
	tables := tablesOfFeatures()
	if !ok {
		return c.Rows(tables...).Of("disk", "mount", "firewall.log", "log.remote", "entropy.state", "state.path")
	}
	j := c.Ref(row, append(tables, spec.LinkTables...)...).Of(joinKey(kind, row) + ".autostart") // what does not start by itself has no unit
	switch kind {
	case "flow":
		return j.Of("firewall.flow.interfaces")
	case "service": // of servers that uinit starts
		return j.Rows(tables...)
	case "share":
		return j.Rows("share." + row)
	}
	return j
}

// leastXFS is the smallest file system that mkfs.xfs makes since version 5.19.
const leastXFS spec.Size = 300 << 20

func (c *crosser) run() {
	r := c.p.Run
	if r.Memory < 96<<20 {
		c.Bad("run.memory", "is %s; accepted: 96M and up, a kernel and its initramfs need that much", r.Memory)
	}
	if least := c.p.Boot.MemoryMin; r.Memory < least && c.p.At("run.memory").Line == 0 { // not even a table [run]
		c.Of("run.memory").Bad("boot.memory_min", "is %s, and run.memory, which is not written, is %s; accepted: run.memory = \"%[1]s\" as well, or a lower boot.memory_min", least, r.Memory)
	} else if r.Memory < least {
		c.Of("boot.memory_min").Bad("run.memory", "is %s, less than boot.memory_min, %s; accepted: %[2]s and up", r.Memory, least)
	}
	memory, of := r.Memory, "run.memory"
	if c.p.Boot.MemoryMin > 0 {
		memory, of = c.p.Boot.MemoryMin, "boot.memory_min"
	}
	for key, size := range map[string]spec.Size{"log.ring": c.p.Log.Ring, "log.queue": c.p.Log.Queue} {
		if size > memory/2 {
			c.Of(of).Bad(key, "is %s, more than half of %s, %s; accepted: up to %s", size, of, memory, memory/2)
		}
	}
	if strings.ContainsAny(r.NICModel, ", ") {
		c.Bad("run.nic_model", "%q is not one of QEMU's devices; accepted: such as virtio-net-pci, e1000e, igb", r.NICModel)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Disk)) {
		d, key := r.Disk[name], joinKey("run.disk", name)
		if d.Filesystem != "" && !slices.Contains([]string{"ext4", "xfs", "vfat"}, d.Filesystem) {
			c.Bad(key+".filesystem", "%q; accepted: ext4, xfs, vfat", d.Filesystem)
		}
		if d.Label != "" && d.Filesystem == "" {
			c.Of(key+".filesystem").Bad(key+".label", "is a file system's, and none is made; accepted: with filesystem")
		}
		if !slices.Contains([]string{"virtio", "ahci", "nvme", "usb", "scsi"}, d.Bus) {
			c.Bad(key+".bus", "%q is no bus that a disk can be on; accepted: virtio, ahci, nvme, usb, scsi", d.Bus)
		}
		if d.Size < 1<<20 || d.Size%512 != 0 {
			c.Bad(key+".size", "is %s; accepted: 1M and up, in multiples of 512", d.Size)
		} else if d.Filesystem == "xfs" && d.Size < leastXFS {
			c.Of(key+".filesystem").Bad(key+".size", "is %s; accepted: %s and up, or mkfs.xfs refuses it", d.Size, leastXFS)
		}
		if most := spec.LongestLabel(d.Filesystem); most > 0 && len(d.Label) > most {
			c.Of(key+".filesystem").Bad(key+".label", "has %d bytes; accepted: up to %d, which %s has room for", len(d.Label), most, d.Filesystem)
		}
		// A disk is known by its name: to QEMU as a serial number, of which Linux shows 20 characters of a virtio disk (VIRTIO_BLK_ID_BYTES).
		if name == "" || len(name) > 20 || strings.ContainsAny(name, ", /") {
			c.Sure().Bad(key, "is not a disk's name; accepted: up to 20 characters without blanks, commas and /")
		}
	}
}
