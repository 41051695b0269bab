package graph

import (
	"net/netip"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Listener is a TCP port at which a feature has a server.
type Listener struct {
	// Key is that of the profile which says the port, Server what answers there: "the SSH server".
	Key, Server string
	Port        int
	// Addresses are those that it listens on; none: all.
	Addresses []netip.Addr
	// Listen is the key of the addresses, which are to be the machine's; empty where these are judged with the site file, too
	// (internal/crosscheck).
	Listen string
	// Sign says that nothing is known but that something listens there once the server is ready, at whatever addresses.
	Sign bool
}

// Server is the row of a server that a feature has started, and again whenever it ends.
func Server(command ...string) spec.Service {
	return spec.Service{Command: command, Restart: spec.RestartAlways, RestartMax: spec.Duration(30 * time.Second)}
}

// Beside is the row of a command of the busybox that runs beside the init, without rights (package beside): it has no
// network but the sockets that it is handed, and little memory.
func Beside(command string, args ...string) spec.Service {
	cfg := Server(append([]string{"/bin/" + command}, args...)...)
	cfg.Namespaces = []spec.Namespace{spec.NamespaceNet, spec.NamespaceIPC}
	cfg.Memory, cfg.PIDs = 48<<20, 32
	return cfg
}
