package crosscheck

import (
	"maps"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// OnHardware is a machine as it starts from its medium in a real box before anybody has edited a site.toml: no host hands over
// a password or a hash by fw_cfg, and what the owner may change is as the profile has it.
func OnHardware(m *spec.Machine) *spec.Machine {
	out := *m
	out.Site, out.Access.HostPassword, out.User = nil, false, maps.Clone(m.User)
	for name, u := range out.User {
		if u.PasswordHash.FWCfg != "" {
			u.PasswordHash = spec.SecretHash{}
			out.User[name] = u
		}
	}
	return &out
}

// Enters says whether somebody can log in: at a terminal, or by SSH over an interface of a row or of the kernel line
// (docs/cmdline.md).
func Enters(m *spec.Machine, kernelLine []string) bool {
	return EntersByConsole(m) || EntersBySSH(m) && Networked(m, kernelLine)
}

// Networked says whether there is an interface, by a row or by the kernel line.
func Networked(m *spec.Machine, kernelLine []string) bool {
	return len(m.Links()) > 0 || slices.ContainsFunc(kernelLine, func(word string) bool { return strings.HasPrefix(word, "ip=") })
}

// LockedOut says why nobody can log in to a real box that starts from the machine's medium; "" where somebody can, or where nobody
// is meant to.
func LockedOut(m *spec.Machine, kernelLine []string) string {
	if m.Access.Nobody || Enters(OnHardware(m), kernelLine) {
		return ""
	}
	var why []string
	if m.Access.HostPassword {
		why = append(why, "root's password comes from the host of a virtual machine, and a real one has none")
	} else {
		why = append(why, "no account has a password, and no console opens without one")
	}
	switch {
	case m.SSH == nil:
		why = append(why, "there is no SSH server")
	case !EntersBySSH(OnHardware(m)):
		why = append(why, "no account has a key for SSH")
	default:
		why = append(why, "SSH has no interface")
	}
	return strings.Join(why, "; ")
}
