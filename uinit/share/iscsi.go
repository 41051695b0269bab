package share

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/share/plan"
)

// target is where the kernel's iSCSI target is ruled from (Documentation/target/tcm_mod_builder.rst
// and drivers/target/target_core_configfs.c).
const target = "/sys/kernel/config/target"

// Op is one step in the kernel's configuration tree.
type Op struct {
	Verb Verb
	Path string
	// Value is what is written, or what a link points to.
	Value string
	// Secret: Value is not for messages.
	Secret bool
}

// Verb is what an Op does.
type Verb string

// Verbs of Op.
const (
	Make  Verb = "mkdir"
	Write Verb = "write"
	Link  Verb = "link"
)

// Disk is the content of a target as it was found.
type Disk struct {
	// Device says that it is a block device, not a file.
	Device bool
	// Size of a file in bytes.
	Size int64
	// Password that initiators prove to know by CHAP, and the one that the target proves to know.
	Password, Mutual string
}

// PlanISCSI returns the steps that offer the shares, in their order. Nobody can log in
// before the last of a target's.
func PlanISCSI(rows map[string]spec.ISCSIShare, disks map[string]Disk) []Op {
	var ops []Op
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		store, o := planStore(name, rows[name], disks[name])
		ops = append(ops, o...)
		ops = append(ops, planTarget(name, store, rows[name], disks[name])...)
	}
	return ops
}

// planStore makes the backstore and returns its place.
func planStore(name string, cfg spec.ISCSIShare, disk Disk) (string, []Op) {
	hba, control := "fileio_0", fmt.Sprintf("fd_dev_name=%s,fd_dev_size=%d", cfg.Source, disk.Size)
	if disk.Device {
		hba, control = "iblock_0", "udev_path="+cfg.Source
	}
	store := path.Join(target, "core", hba, name)
	// Initiators tell disks apart by this number, also after a boot.
	serial := sha256.Sum256([]byte(string(cfg.Target) + " " + name))
	return store, []Op{
		{Verb: Make, Path: path.Dir(store)},
		{Verb: Make, Path: store},
		{Verb: Write, Path: store + "/control", Value: control},
		{Verb: Write, Path: store + "/wwn/vpd_unit_serial", Value: fmt.Sprintf("%x", serial[:16])},
		{Verb: Write, Path: store + "/enable", Value: "1"},
	}
}

// group is the one portal group of a row's target.
func group(cfg spec.ISCSIShare) string {
	return path.Join(target, "iscsi", string(cfg.Target), "tpgt_1")
}

func planTarget(name, store string, cfg spec.ISCSIShare, disk Disk) []Op {
	group := group(cfg)
	flag := map[bool]string{true: "1", false: "0"}
	open := len(cfg.Initiators) == 0 // to any name that knows the password
	ops := []Op{
		{Verb: Make, Path: path.Join(target, "iscsi")},
		{Verb: Make, Path: path.Dir(group)},
		{Verb: Make, Path: group},
		{Verb: Make, Path: group + "/lun/lun_0"},
		{Verb: Link, Path: group + "/lun/lun_0/" + name, Value: store},
		{Verb: Write, Path: group + "/attrib/authentication", Value: flag[cfg.User != ""]},
		{Verb: Write, Path: group + "/attrib/generate_node_acls", Value: flag[open]},
		{Verb: Write, Path: group + "/attrib/cache_dynamic_acls", Value: flag[open]},
		// Who only asks what there is hears of a target that names its initiators if it is one of them.
		{Verb: Write, Path: group + "/attrib/demo_mode_discovery", Value: "0"},
		{Verb: Write, Path: group + "/attrib/demo_mode_write_protect", Value: flag[cfg.ReadOnly]},
	}
	chap := func(at string) { ops = append(ops, planCHAP(at+"/auth", cfg, disk)...) }
	if open {
		chap(group)
	}
	for _, initiator := range cfg.Initiators {
		acl := group + "/acls/" + string(initiator)
		ops = append(ops, Op{Verb: Make, Path: acl}, Op{Verb: Make, Path: acl + "/lun_0"},
			Op{Verb: Link, Path: acl + "/lun_0/" + name, Value: group + "/lun/lun_0"},
			Op{Verb: Write, Path: acl + "/lun_0/write_protect", Value: flag[cfg.ReadOnly]})
		chap(acl)
	}
	for _, portal := range portals(cfg.Listen) {
		ops = append(ops, Op{Verb: Make, Path: group + "/np/" + portal})
	}
	return append(ops, Op{Verb: Write, Path: group + "/enable", Value: "1"})
}

// planCHAP writes the accounts for CHAP into a folder of the kernel's, where there are any.
func planCHAP(at string, cfg spec.ISCSIShare, disk Disk) (ops []Op) {
	for _, account := range []struct{ user, password, suffix string }{{cfg.User, disk.Password, ""}, {cfg.MutualUser, disk.Mutual, "_mutual"}} {
		if account.user != "" {
			ops = append(ops, Op{Verb: Write, Path: at + "/userid" + account.suffix, Value: account.user},
				Op{Verb: Write, Path: at + "/password" + account.suffix, Value: account.password, Secret: true})
		}
	}
	return ops
}

// portals are where a target listens. The kernel takes addresses that come later, too (IP_FREEBIND in
// iscsi_target_login.c), so nothing waits for them.
func portals(listen []netip.Addr) []string {
	if len(listen) == 0 {
		listen = []netip.Addr{netip.IPv6Unspecified()}
	}
	var all []string
	for _, a := range listen {
		all = append(all, netip.AddrPortFrom(a.Unmap(), plan.ISCSIPort).String())
	}
	return all
}

// planDiscovery asks for the account also of who only wants to know what there is, where all rows have the same one: the
// kernel has one for all targets.
func planDiscovery(rows map[string]spec.ISCSIShare, disks map[string]Disk) []Op {
	var one *spec.ISCSIShare
	var disk Disk
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		cfg := rows[name]
		if cfg.User == "" || one != nil && (cfg.User != one.User || cfg.PasswordFile != one.PasswordFile || cfg.MutualUser != one.MutualUser || cfg.MutualPasswordFile != one.MutualPasswordFile) {
			return nil
		}
		if found, ok := disks[name]; ok || one == nil {
			one, disk = &cfg, found
		}
	}
	if one == nil || disk.Password == "" {
		return nil
	}
	at := path.Join(target, "iscsi/discovery_auth")
	ops := append([]Op{{Verb: Make, Path: path.Join(target, "iscsi")}}, planCHAP(at, *one, disk)...)
	return append(ops, Op{Verb: Write, Path: at + "/enforce_discovery_auth", Value: "1"})
}

// Undo returns the steps that take back what ops did: portals close first, then all else goes in
// reverse order. Of a path that is made and linked only the name counts.
func Undo(ops []Op) []Op {
	var closing, rest []Op
	for _, op := range slices.Backward(ops) {
		switch {
		case op.Verb == Write && strings.HasSuffix(op.Path, "/tpgt_1/enable"):
			closing = append(closing, Op{Verb: Write, Path: op.Path, Value: "0"})
		case op.Verb != Write:
			rest = append(rest, Op{Verb: remove, Path: op.Path})
		}
	}
	return append(closing, rest...)
}

// remove takes a directory or link away.
const remove Verb = "remove"
