package publish

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nlattr"
	"github.com/imgbuild/imgbuild/uinit/container/netns"
)

// left are the containers that have a table, and whether there is one for all of them (include/uapi/linux/netfilter/nf_tables.h).
func left() (names []string, guarded bool, err error) {
	messages, err := netns.Whole(func() ([][]byte, error) {
		req := nl.NewNetlinkRequest(unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_GETTABLE, unix.NLM_F_DUMP)
		req.AddData(&nl.Nfgenmsg{NfgenFamily: unix.NFPROTO_INET, Version: nl.NFNETLINK_V0})
		return req.Execute(unix.NETLINK_NETFILTER, 0)
	})
	if err != nil {
		return nil, false, fmt.Errorf("listing rules of containers: %w", err)
	}
	for _, m := range messages {
		if len(m) < nl.SizeofNfgenmsg {
			continue
		}
		err := nlattr.Each(m[nl.SizeofNfgenmsg:], func(kind uint16, b []byte) error {
			text := strings.TrimRight(string(b), "\x00")
			if kind != unix.NFTA_TABLE_NAME {
				return nil
			}
			if name, of := strings.CutPrefix(text, tablePrefix); of {
				names = append(names, name)
			}
			guarded = guarded || text == guardTable
			return nil
		})
		if err != nil {
			return nil, false, err
		}
	}
	return names, guarded, nil
}

// gone says whether an error is that of a socket which was closed. Of others what the kernel told is lost, and is looked at.
func gone(err error) bool {
	return err != nil && !errors.Is(err, unix.ENOBUFS) && !errors.Is(err, unix.EINVAL) && !errors.Is(err, netlink.ErrDumpInterrupted)
}
