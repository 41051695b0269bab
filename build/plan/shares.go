package plan

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/passwd"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// shareFiles writes what the servers of [share] read.
func shareFiles(p *profile.Profile) []tree.File {
	var files []tree.File
	if len(p.Share.NFS) > 0 {
		files = append(files, text("etc/exports", 0o644, exports(p.Share.NFS), "share.nfs"))
	}
	if len(p.Share.SMB) > 0 {
		files = append(files,
			tree.File{Path: "etc/samba", Mode: fs.ModeDir | 0o755, Why: "share.smb"},
			text("etc/samba/smb.conf", 0o644, smbConf(p.Share.SMB), "share.smb"),
			text("etc/samba/smbpasswd", 0o600, smbPasswd(p.User), "NT hashes of the profile"))
	}
	return files
}

// exports writes exports(5). A file system is known to clients by a number made of the share's
// name: it stays when the disk behind it is another one.
func exports(rows map[string]spec.NFSShare) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		row := rows[name]
		id := sha256.Sum256([]byte("nfs share " + name))
		options := []string{"rw", "sync", "no_subtree_check", fmt.Sprintf("fsid=%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16])}
		if row.ReadOnly {
			options[0] = "ro"
		}
		switch row.Squash {
		case spec.SquashAll:
			options = append(options, "all_squash")
		case spec.SquashNone:
			options = append(options, "no_root_squash")
		default:
			options = append(options, "root_squash")
		}
		fmt.Fprintf(&b, "%q", row.Path)
		for _, client := range row.Clients {
			fmt.Fprintf(&b, " %s(%s)", client, strings.Join(options, ","))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// smbGlobal is smb.conf(5) for a server that stands alone: no domain, no NetBIOS, no printers, no
// guests; nothing below SMB 3, nothing unsigned. Names are UTF-8; DOS' code page is that
// of SMB 1 alone.
const smbGlobal = `[global]
server role = standalone server
server min protocol = SMB3
server signing = mandatory
passdb backend = smbpasswd:/etc/samba/smbpasswd
map to guest = never
restrict anonymous = 2
disable netbios = yes
smb ports = 445
load printers = no
printcap name = /dev/null
disable spoolss = yes
dos charset = ASCII
log level = 1
`

// smbConf writes a section a share.
func smbConf(rows map[string]spec.SMBShare) string {
	var b strings.Builder
	b.WriteString(smbGlobal)
	yes := map[bool]string{true: "yes", false: "no"}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		row := rows[name]
		fmt.Fprintf(&b, "\n[%s]\npath = %s\nvalid users = %s\nread only = %s\nbrowseable = %s\n",
			name, row.Path, strings.Join(row.Users, " "), yes[row.ReadOnly], yes[!row.Hidden])
		if len(row.Clients) > 0 {
			var clients []string
			for _, c := range row.Clients {
				clients = append(clients, c.String())
			}
			fmt.Fprintf(&b, "hosts allow = %s\n", strings.Join(clients, " "))
		}
	}
	return b.String()
}

// smbPasswd writes smbpasswd(5); what the image does not hold comes at boot.
func smbPasswd(users map[string]spec.User) string {
	var b strings.Builder
	for _, a := range accounts(users) {
		if hash := users[a.name].NTHash.Value; hash != "" {
			b.WriteString(passwd.SMBLine(a.name, a.uid, string(hash)))
		}
	}
	return b.String()
}
