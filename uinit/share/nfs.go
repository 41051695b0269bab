package share

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/uinit/beside"
	"github.com/imgbuild/imgbuild/uinit/share/plan"
	"github.com/imgbuild/imgbuild/uinit/slack"
)

const (
	// nfsd is where the kernel's server is ruled from (nfsd(7)).
	nfsd = "/proc/fs/nfsd"
	// threads serve requests; the kernel's own default.
	threads = 8
	// lease in seconds: so long a client may be silent before its locks are given to others, and so
	// long clients of the last boot may be waited for. RFC 7530 section 9.5 suggests short ones; the
	// kernel's 90 s is a long time to look at a file that does not open.
	lease = 20
)

// ServeNFS exports what /etc/exports lists and starts the server: NFS 4 on TCP, nothing older.
func ServeNFS(ctx context.Context) error {
	if out, err := slack.CombinedOutput(exec.CommandContext(ctx, "/usr/sbin/exportfs", "-ra")); err != nil {
		return fmt.Errorf("exporting: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return startNFS(nfsd, func() (int, error) { return beside.Socket(netip.Addr{}, plan.NFSPort) })
}

// startNFS starts the server that is ruled from a folder, on a socket of listen's.
func startNFS(nfsd string, listen func() (int, error)) error {
	running, err := os.ReadFile(filepath.Join(nfsd, "threads"))
	if err != nil {
		return fmt.Errorf("starting the NFS server: %w", err)
	}
	if strings.TrimSpace(string(running)) != "0" {
		return nil // a worker before this one has started it
	}
	socket, err := listen()
	if err != nil {
		return fmt.Errorf("starting the NFS server: %w", err)
	}
	// The kernel holds the socket from here on.
	defer unix.Close(socket)
	for _, setting := range settings(socket) {
		if err := os.WriteFile(filepath.Join(nfsd, setting.file), []byte(setting.value+"\n"), 0); err != nil {
			return fmt.Errorf("starting the NFS server: setting %s to %q: %w", setting.file, setting.value, err)
		}
	}
	return nil
}

type setting struct{ file, value string }

// settings are what the server is told, in order: the number of threads starts it.
func settings(socket int) []setting {
	return []setting{
		{"nfsv4leasetime", strconv.Itoa(lease)},
		{"nfsv4gracetime", strconv.Itoa(lease)},
		{"versions", "-2 -3 +4 -4.0 +4.1 +4.2"},
		{"portlist", strconv.Itoa(socket)},
		{"threads", strconv.Itoa(threads)},
	}
}

// StopNFS ends the server, so that the file systems can go.
func StopNFS() error { return stopNFS(nfsd) }

func stopNFS(nfsd string) error {
	err := os.WriteFile(filepath.Join(nfsd, "threads"), []byte("0\n"), 0)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("stopping the NFS server: %w", err)
	}
	return nil
}
