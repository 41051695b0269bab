package spec

import "net/netip"

// SSH lets people with a key in over the network: shells, commands, scp and sftp. Nothing is forwarded.
type SSH struct {
	// Addresses to listen on; by default all.
	Listen []netip.Addr `json:"listen,omitempty" zero:"refused" twice:"refused"`
	// TCP port.
	Port int `json:"port,omitempty" default:"22" accept:"1 to 65535"`
	// Take passwords too. Without it only keys open a door that faces the network.
	Password bool `json:"password,omitempty"`
	// Let root log in; else those who administer the machine come in under a name of their own.
	Root *bool `json:"root,omitempty" default:"true"`
	// Directory on a mounted file system where the host key is kept. Without it each boot makes a
	// new one; its fingerprint is the fact ssh.host_key and stands above the login prompt.
	State string `json:"state,omitempty" zero:"refused"`
	// File with the host key, an Ed25519 key as "ssh-keygen -t ed25519" writes it, of mode 0600, or where else it is found, in place of one
	// that the box makes. While it is not to be had the box has another one, and says so.
	HostKeyFile SecretFile `json:"host_key_file,omitzero" secret:"file" image:"file"`
	// How long a client may take to log in.
	LoginGrace Duration `json:"login_grace,omitempty" default:"20s" accept:"1s or more"`
	// How many clients may be logging in at the same time; one address gets half of that. From a tenth of it on those who come
	// put others out by chance, first of all those whose address has the most.
	MaxPending int `json:"max_pending,omitempty" default:"100" accept:"1 to 1000"`
	// Networks of those who administer the machine: they have as many places for themselves, and none of them is put out.
	ReservedFrom []netip.Prefix `json:"reserved_from,omitempty" network:"true" zero:"refused"`
}

// SSHHostKey is where a host key lies that the profile names: a copy, for it may come from the host.
const SSHHostKey = "/run/ssh/profile_host_key"

// SSHService is the name under which the SSH server is a service.
const SSHService = "ssh"
