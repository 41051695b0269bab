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

// unitRef is for problems that stand on there being no unit of a name: any table may have had one more row.
func (c *crosser) unitRef(name string) problem.Judge {
	kind, row, ok := strings.Cut(name, ":")
	tables := []string{"share.nfs", "share.smb", "share.iscsi"}
	for _, f := range features.All() { // each is called like its table
		tables = append(tables, f.Name)
	}
	if !ok {
		return c.Rows(tables...).Of("disk", "mount", "firewall.log", "log.remote", "entropy.state", "state.path")
	}
	j := c.Ref(row, append([]string{"console", "array", "mount", "service", "vm", "share.nfs", "share.smb", "share.iscsi"}, spec.LinkTables...)...)
	switch kind {
	case "vm":
		return j.Of(joinKey("vm", row) + ".autostart")
	case "flow":
		return j.Of("firewall.flow.interfaces")
	case "service": // of servers that uinit starts
		return j.Rows(tables...)
	case "share":
		return j.Rows("share." + row)
	}
	return j
}

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
	if ring := c.p.Log.Ring; ring > memory/2 {
		c.Of(of).Bad("log.ring", "is %s, more than half of %s, %s; accepted: up to %s", ring, of, memory, memory/2)
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
		if d.Size < 1<<20 {
			c.Bad(key+".size", "is %s; accepted: 1M and up", d.Size)
		}
	}
}
