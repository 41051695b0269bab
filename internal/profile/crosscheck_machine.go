package profile

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/crosscheck"
	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// filesystems that uinit can mount: what Debian's kernel has and an appliance uses.
var filesystems = []string{"ext4", "xfs", "btrfs", "vfat", "exfat", "iso9660", "squashfs", "f2fs", "tmpfs", "nfs4"}

func (c *crosser) mounts() {
	for _, at := range slices.Sorted(maps.Keys(c.p.Mount)) {
		m, key := c.p.Mount[at], joinKey("mount", at)
		if trouble := mountPoint(at); trouble != "" {
			c.Sure().Bad(key, "%s", trouble)
		}
		if !slices.Contains(filesystems, m.Type) {
			c.Bad(key+".type", "%q is not a file system that can be mounted%s; accepted: %s", m.Type, suggest.DidYouMean(m.Type, filesystems), strings.Join(filesystems, ", "))
		}
		c.mountSource(key, m)
		c.arrayOf(key+".source", m.Source)
		if volume, ok := strings.CutPrefix(m.Source, "lvm:"); ok && !volumeName.MatchString(volume) {
			c.Bad(key+".source", `%q is no volume; accepted: "lvm:GROUP/VOLUME"`, m.Source)
		}
		if m.Create && m.Type != "ext4" {
			c.Of(key+".type").Bad(key+".create", "%s cannot be made at boot; accepted: ext4", m.Type)
		}
		if m.Fsck == spec.FsckPreen && m.Type != "ext4" && m.Type != "vfat" {
			c.Of(key+".type").Bad(key+".fsck", "%s has nothing to be checked with at boot; accepted: ext4, vfat", m.Type)
		}
	}
}

// volumeName is GROUP/VOLUME (lvm(8), "Valid names").
var volumeName = regexp.MustCompile(`^[A-Za-z0-9+_.][A-Za-z0-9+_.-]*/[A-Za-z0-9+_.][A-Za-z0-9+_.-]*$`)

// sourceTags are ways to name a file system or partition, and what the name looks like.
var sourceTags = map[string]*regexp.Regexp{
	"LABEL": regexp.MustCompile(`^.{1,256}$`), "UUID": regexp.MustCompile(`^[0-9A-Fa-f-]{8,36}$`),
	"PARTLABEL": regexp.MustCompile(`^.{1,36}$`),
	"PARTUUID":  regexp.MustCompile(`^([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{2})$`),
}

// mountSource looks at what is mounted.
func (c *crosser) mountSource(key string, m spec.Mount) {
	tag, value, tagged := strings.Cut(m.Source, "=")
	switch shape, known := sourceTags[tag]; {
	case m.Source == "":
		c.Bad(key+".source", `is empty; accepted: "/dev/…", "LABEL=…", "UUID=…", "PARTLABEL=…", "PARTUUID=…", "array:…", "lvm:GROUP/VOLUME", "tmpfs"`)
	case tagged && !known && strings.ToUpper(tag) == tag && !strings.Contains(tag, "/"):
		tags := slices.Sorted(maps.Keys(sourceTags))
		c.Bad(key+".source", "%q names nothing that can be looked for%s; accepted: %s", tag+"=", suggest.DidYouMean(tag, tags), strings.Join(tags, ", "))
	case tagged && known && !shape.MatchString(strings.Trim(value, `"`)):
		c.Bad(key+".source", "%q is no %s", value, tag)
	case m.Source == StateSource && c.p.Disk.State > 0 && m.Type != "ext4":
		c.Bad(key+".type", "is %s, and the state partition of the image holds ext4", m.Type)
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
	if !ok {
		return c.Rows("ssh", "firewall", "watchdog", "site", "log", "entropy", "vm", "share.nfs", "share.smb", "share.iscsi").Of("disk", "mount", "firewall.log", "log.remote", "entropy.state", "state.path")
	}
	j := c.Ref(row, append([]string{"console", "array", "mount", "service", "vm", "share.nfs", "share.smb", "share.iscsi"}, spec.LinkTables...)...)
	switch kind {
	case "vm":
		return j.Of(joinKey("vm", row) + ".autostart")
	case "flow":
		return j.Of("firewall.flow.interfaces")
	case "service": // of servers that uinit starts
		return j.Rows("ssh", "share.nfs", "share.smb")
	case "share":
		return j.Rows("share." + row)
	}
	return j
}

func (c *crosser) services() {
	units := c.units()
	for _, name := range slices.Sorted(maps.Keys(c.p.Service)) {
		s, key := c.p.Service[name], joinKey("service", name)
		if strings.ContainsAny(name, "/: \n") || name == "" {
			c.Sure().Bad(key, "is not a service's name; accepted: no blanks, / or :")
		}
		if len(s.Command) == 0 || !path.IsAbs(s.Command[0]) {
			c.Bad(key+".command", `accepted: the program's absolute path and its arguments, such as ["/usr/sbin/thing", "-f"]`)
		}
		if _, known := c.p.User[s.User]; !known && s.User != "root" {
			c.Ref(s.User, "user").Bad(key+".user", "there is no [user.%s]%s", s.User, suggest.DidYouMean(s.User, slices.Sorted(maps.Keys(c.p.User))))
		}
		c.supervision(key, s)
		for i, need := range s.Needs {
			if !slices.Contains(units, need) {
				c.unitRef(need).Bad(joinIndex(key+".needs", i), "nothing is called %q%s; accepted here: %s", need, suggest.DidYouMean(need, units), strings.Join(units, ", "))
			}
		}
	}
	for _, f := range features.All() {
		if f.Services == nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(f.Services(&c.p.Machine))) {
			if _, taken := c.p.Service[name]; taken {
				c.Sure().Bad(joinKey("service", name), "is the name of a server that [%s] asks for; accepted: another name", f.Name)
			}
		}
	}
	for _, circle := range circles(c.p.Service) {
		c.Bad(joinKey("service", circle[0])+".needs", "services need each other in a circle: %s", strings.Join(append(circle, circle[0]), " → "))
	}
}

// circles finds services that wait for each other.
func circles(services map[string]spec.Service) [][]string {
	needs := map[string][]string{}
	for name, s := range services {
		for _, need := range s.Needs {
			if next, ok := strings.CutPrefix(need, "service:"); ok {
				needs[name] = append(needs[name], next)
			}
		}
	}
	return crosscheck.Circles(needs)
}

func (c *crosser) run() {
	r := c.p.Run
	if r.CPUs < 1 || r.CPUs > 64 {
		c.Bad("run.cpus", "is %d; accepted: 1 to 64", r.CPUs)
	}
	if *r.NICs < 0 || *r.NICs > 16 {
		c.Bad("run.nics", "is %d; accepted: 0 to 16", *r.NICs)
	}
	if r.Memory < 96<<20 {
		c.Bad("run.memory", "is %s; accepted: 96M and up, a kernel and its initramfs need that much", r.Memory)
	}
	if r.NICModel == "" || strings.ContainsAny(r.NICModel, ", ") {
		c.Bad("run.nic_model", "%q is not one of QEMU's devices; accepted: such as virtio-net-pci, e1000e, igb", r.NICModel)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Disk)) {
		d, key := r.Disk[name], joinKey("run.disk", name)
		if d.Filesystem != "" && !slices.Contains([]string{"ext4", "xfs", "vfat"}, d.Filesystem) {
			c.Bad(key+".filesystem", "%q; accepted: ext4, xfs, vfat", d.Filesystem)
		}
		if !slices.Contains([]string{"virtio", "ahci", "nvme", "usb", "scsi"}, d.Bus) {
			c.Bad(key+".bus", "%q; accepted: virtio, ahci, nvme, usb, scsi", d.Bus)
		}
		if d.Size < 1<<20 {
			c.Bad(key+".size", "is %s; accepted: 1M and up", d.Size)
		}
	}
}
