package link

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// redirects is the kernel's setting by which an interface takes routes from whoever sends ICMP redirects.
const redirects = "accept_redirects"

// ownRedirects has each interface's own word on IPv4 redirects count. The kernel takes them where the interface or "all" says so, unless
// it forwards (IN_DEV_RX_REDIRECTS in include/linux/inetdevice.h), and "all" does. What the profile's settings say of that stays.
func ownRedirects(m *spec.Machine) error {
	if _, stated := m.Sysctl["net.ipv4.conf.all."+redirects]; stated {
		return nil
	}
	if err := overwrite(settingPath("all", "ipv4/"+redirects), "0"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("having each interface decide on redirects: %w", err)
	}
	return nil
}
