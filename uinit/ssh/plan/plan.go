// Package plan says what the SSH server needs. It is pure, and the builder's as well.
package plan

import (
	"cmp"
	"net"
	"net/netip"
	"path"
	"path/filepath"
	"strconv"
	"time"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "ssh", Units: Units, Services: Services, Facts: facts, Commands: commands, Called: called, Listens: listens}

// commands are the server, and what it runs for scp(1).
func commands(m *spec.Machine) []string {
	if m.SSH == nil {
		return nil
	}
	return []string{"sshd", "sftp-server"}
}

// called is what a client of scp(1) has its account's shell run, if it speaks the old protocol ("scp -O"). OpenSSH's is that and a client.
func called(m *spec.Machine) []string {
	if m.SSH == nil {
		return nil
	}
	return []string{"scp"}
}

func listens(m *spec.Machine) []graph.Listener {
	if m.SSH == nil {
		return nil
	}
	return []graph.Listener{{Key: "ssh.port", Server: "the SSH server", Port: m.SSH.Port, Addresses: m.SSH.Listen}}
}

// Units make the host key. The server itself is a service.
func Units(d *spec.Description) []graph.Unit {
	if d.SSH == nil {
		return nil
	}
	// After its state's file systems, and without them where they don't come. So it is with a key that the profile names.
	after := graph.Above(&d.Machine, path.Join(d.SSH.State, "key"))
	if d.SSH.HostKeyFile != (spec.Source{}) {
		after = []string{"secret:ssh.host_key_file"}
	}
	return []graph.Unit{{Unit: unit.Unit{Name: "ssh-key", Needs: []string{"mounts"}, After: after}}}
}

// Services are the server, where there is one.
func Services(m *spec.Machine) map[string]spec.Service {
	if m.SSH == nil {
		return nil
	}
	return map[string]spec.Service{spec.SSHService: service(*m.SSH, m.User)}
}

// Program is the server in the image.
const Program = "/bin/sshd"

const (
	// Memory is where the key lies that lasts for one boot.
	Memory  = "/run/ssh"
	keyName = "ssh_host_ed25519_key"
)

// FingerprintFile is where the host key's fingerprint stands for the consoles to show.
const FingerprintFile = Memory + "/fingerprint"

// KeyFile is where the host key lies.
func KeyFile(c spec.SSH) string {
	if c.HostKeyFile != (spec.Source{}) {
		return spec.SSHHostKey // where the feature "secret" puts it
	}
	return filepath.Join(cmp.Or(c.State, Memory), keyName)
}

// service is the server as a service of the machine. It takes no terminal and needs no network:
// it listens on addresses that come later, too.
func service(c spec.SSH, users map[string]spec.User) spec.Service {
	command := []string{Program, "-key", KeyFile(c)}
	listen := c.Listen
	if len(listen) == 0 {
		listen = []netip.Addr{{}}
	}
	for _, a := range listen {
		host := ""
		if a.IsValid() {
			host = a.String()
		}
		command = append(command, "-listen", net.JoinHostPort(host, strconv.Itoa(c.Port)))
	}
	command = append(command, "-grace", time.Duration(c.LoginGrace).String(), "-pending", strconv.Itoa(c.MaxPending))
	for _, n := range c.ReservedFrom {
		command = append(command, "-reserved", n.String())
	}
	if !*c.Root {
		command = append(command, "-without-root")
	}
	if c.Password {
		command = append(command, "-password")
	}
	for _, name := range graph.Names(users) {
		if dir := users[name].SFTPOnly; dir != "" {
			command = append(command, "-sftp-only", name+"="+dir)
		}
	}
	cfg := graph.Server(append(command, "-groups", cgroup.Mount)...)
	cfg.Unconfined = true // whom it lets in has the rights of an account on the box, which root's are too
	cfg.Needs, cfg.Ready = []string{"ssh-key"}, spec.Ready{Port: c.Port}
	return cfg
}
