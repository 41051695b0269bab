// Package bundle says to crun what a container is: the OCI runtime specification's config.json, made of the profile's row and of what the
// image says. It is pure.
package bundle

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Container is one on this machine.
type Container struct {
	Name  string
	Row   spec.Container
	Image spec.Image
	// Dir has its root, and what else is shown in it.
	Dir string
	// Group is the path below the mount of the control group that crun makes for it; empty where there are none.
	Group string
	// Hook is the program that crun starts and waits for when the namespaces are there; nil: none.
	Hook []string
	// Devices are those of the row, as this machine has them.
	Devices []specs.LinuxDevice
	// Adjustment says how soon the OOM killer takes it (package oom).
	Adjustment int
}

// Root, File and Volume are where its parts lie on this machine: the root's mount, a file that is shown at its place in /etc, and the
// volume of that number among the sorted ones.
func (c Container) Root() string            { return path.Join(c.Dir, "root") }
func (c Container) File(name string) string { return path.Join(c.Dir, "etc", name) }
func (c Container) Volume(number int) string {
	return path.Join(c.Dir, "volumes", fmt.Sprint(number))
}

// Config is the container's config.json.
func (c Container) Config() *specs.Spec {
	config := &specs.Spec{
		Version: "1.0.2", Hostname: c.hostname(), Process: c.process(), Mounts: c.mounts(), Linux: c.linux(),
		Root: &specs.Root{Path: c.Root(), Readonly: c.Row.Root.Path == ""},
	}
	if filter := c.filter(); filter != "" {
		config.Annotations = map[string]string{"run.oci.seccomp_bpf_data": filter}
	}
	if c.Hook != nil {
		config.Hooks = &specs.Hooks{CreateRuntime: []specs.Hook{{Path: c.Hook[0], Args: c.Hook}}}
	}
	return config
}

// hostname is the container's own where it has one.
func (c Container) hostname() string {
	if !c.Row.Has(spec.ContainerUTS) {
		return ""
	}
	return c.Name
}

func (c Container) process() *specs.Process {
	p := &specs.Process{
		Terminal: c.Row.System, Args: c.command(), Env: c.environment(), Cwd: cmp.Or(c.Row.Directory, c.Image.Directory, "/"),
		User:            specs.User{UID: c.Image.UID, GID: c.Image.GID, AdditionalGids: c.Image.Groups},
		NoNewPrivileges: !c.Row.NewPrivileges && !c.Row.System, OOMScoreAdj: &c.Adjustment,
		Rlimits: []specs.POSIXRlimit{{Type: "RLIMIT_CORE"}}, // its memory would be the machine's to keep (core(5))
	}
	var names []string
	for _, name := range c.capabilities() {
		names = append(names, "CAP_"+strings.ToUpper(string(name)))
	}
	p.Capabilities = &specs.LinuxCapabilities{Bounding: names, Effective: names, Permitted: names}
	if c.Image.UID != 0 { // what is not root's by itself stays over the start of a program (capabilities(7))
		p.Capabilities.Inheritable, p.Capabilities.Ambient = names, names
	}
	return p
}

// command is the row's, or the image's, or that of an init.
func (c Container) command() []string {
	if len(c.Row.Command) > 0 {
		return c.Row.Command
	}
	if all := slices.Concat(c.Image.Entrypoint, c.Image.Command); len(all) > 0 || !c.Row.System {
		return all
	}
	return []string{"/sbin/init"}
}

// environment is the image's, with the row's in its place where both name one.
func (c Container) environment() []string {
	values := map[string]string{"PATH": spec.SearchPath}
	if c.Row.System {
		values["container"], values["TERM"] = "oci", "vt220" // the former is for systemd (Container Interface)
	}
	for _, line := range c.Image.Environment {
		name, value, _ := strings.Cut(line, "=")
		values[name] = value
	}
	for name, value := range c.Row.Environment {
		values[name] = value
	}
	var all []string
	for _, name := range graph.Names(values) {
		all = append(all, name+"="+values[name])
	}
	return all
}

// inits are the capabilities that a whole system has over itself.
var inits = []spec.Capability{
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable", "net_bind_service",
	"net_broadcast", "net_admin", "net_raw", "ipc_owner", "sys_chroot", "sys_ptrace", "sys_admin", "sys_boot", "sys_nice", "sys_resource",
	"sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap",
}

func (c Container) capabilities() []spec.Capability {
	all := slices.Clone(c.Row.Capabilities)
	if c.Row.System {
		all = append(all, inits...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
