package plan

import (
	"net/netip"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Ports of NFS (RFC 7530, section 3.1.1), SMB without NetBIOS, and iSCSI (RFC 7143, section 13.2).
const NFSPort, SMBPort, ISCSIPort = 2049, 445, 3260

// listens are the servers, each at the port that clients look for.
func listens(m *spec.Machine) []graph.Listener {
	var all []graph.Listener
	if len(m.Share.NFS) > 0 {
		all = append(all, graph.Listener{Key: "share.nfs", Server: "the NFS server", Port: NFSPort})
	}
	if len(m.Share.SMB) > 0 {
		all = append(all, graph.Listener{Key: "share.smb", Server: "the SMB server", Port: SMBPort})
	}
	if len(m.Share.ISCSI) > 0 {
		var addresses []netip.Addr // of all rows, or none has any (portals)
		for _, name := range graph.Names(m.Share.ISCSI) {
			addresses = append(addresses, m.Share.ISCSI[name].Listen...)
		}
		all = append(all, graph.Listener{Key: "share.iscsi", Server: "the iSCSI server", Port: ISCSIPort, Addresses: addresses})
	}
	return all
}
