package spec

import (
	"encoding/hex"
	"net/netip"
	"strings"
)

// Share is file and disk shares: NFS, SMB, iSCSI. Nothing is shared with other machines by default.
type Share struct {
	// Folders for Unix clients, by NFS 4 (RFC 7862). Clients mount them by their path here.
	NFS map[string]NFSShare `json:"nfs,omitempty"`
	// Folders for Windows, macOS and Linux, by SMB 3. Clients see them under the row's name.
	SMB map[string]SMBShare `json:"smb,omitempty"`
	// Disks, by iSCSI (RFC 7143).
	ISCSI map[string]ISCSIShare `json:"iscsi,omitempty"`
	// Directory on a mounted file system where the NFS server notes its clients, so that files
	// that they have open outlive its restart. Nothing is written without it.
	State string `json:"state,omitempty" zero:"refused"`
}

// NFSShare is a folder that Unix clients may mount. Whose files are whose goes by numbers of
// accounts, as the client says (AUTH_SYS): name only networks that you trust.
type NFSShare struct {
	// The folder.
	Path string `json:"path"`
	// Networks that may mount it: "192.0.2.0/24", "2001:db8::7/128".
	Clients []netip.Prefix `json:"clients" network:"true"`
	// Nobody may change anything.
	ReadOnly bool `json:"read_only,omitempty"`
	// Whose requests are treated as those of nobody (65534): root's, those of all, of none.
	Squash Squash `json:"squash,omitempty" default:"root"`
	// Make the folder when it is not there.
	Create bool `json:"create,omitempty"`
	// Account that such a folder belongs to.
	Owner string `json:"owner,omitempty" default:"root" zero:"refused"`
}

// SMBShare is a folder for named users. Connections are signed, and SMB 3 at least.
type SMBShare struct {
	// The folder.
	Path string `json:"path"`
	// Accounts that may use it, each with an nt_hash.
	Users []string `json:"users"`
	// Networks that may connect; by default any.
	Clients []netip.Prefix `json:"clients,omitempty" zero:"refused" network:"true"`
	// Nobody may change anything.
	ReadOnly bool `json:"read_only,omitempty"`
	// It does not stand in the list of shares.
	Hidden bool `json:"hidden,omitempty"`
	// Make the folder when it is not there.
	Create bool `json:"create,omitempty"`
	// Account that such a folder belongs to.
	Owner string `json:"owner,omitempty" default:"root" zero:"refused"`
}

// ISCSIShare is a disk that another machine uses as if it were its own: one at a time, unless the file
// system on it is made for more.
type ISCSIShare struct {
	// Name of the target (RFC 3720, section 3.2.6): iqn.2026-01.example.nas:backup.
	Target IQN `json:"target"`
	// File or block device that holds the disk's content.
	Source string `json:"source" image:"file unless size"`
	// Size of the file, which is made when it is not there; without it the file must be there.
	Size Size `json:"size,omitempty"`
	// Nobody may change anything.
	ReadOnly bool `json:"read_only,omitempty"`
	// Names of initiators that may log in; by default any that knows the password. A name is what an initiator says
	// of itself, and no proof.
	Initiators []IQN `json:"initiators,omitempty" zero:"refused"`
	// Account for CHAP (RFC 1994), which proves that an initiator knows the password.
	User string `json:"user,omitempty"`
	// File with that password, 12 to 255 characters, of mode 0600 (on vfat by the mount option umask=0077): on a
	// mounted file system, or in an overlay, where it has that mode by itself; or where else it is found.
	PasswordFile SecretFile `json:"password_file,omitzero" secret:"file" image:"file"`
	// Account by which this machine proves to the initiator that it knows a password, too (mutual CHAP).
	MutualUser string `json:"mutual_user,omitempty"`
	// File with that password, which must not be the initiator's (RFC 7143, section 9.2.1).
	MutualPasswordFile SecretFile `json:"mutual_password_file,omitzero" secret:"file" image:"file"`
	// Whoever reaches the port and says one of the initiators' names may read and write the disk: no password is asked for.
	Insecure bool `json:"insecure,omitempty"`
	// Addresses to listen on, at port 3260; by default all.
	Listen []netip.Addr `json:"listen,omitempty" zero:"refused" twice:"refused"`
}

// Squash is whose requests are treated as nobody's (exports(5)).
type Squash string

// What can be squashed.
const (
	SquashRoot Squash = "root"
	SquashAll  Squash = "all"
	SquashNone Squash = "none"
)

// UnmarshalText accepts the words above.
func (s *Squash) UnmarshalText(b []byte) error {
	return Choice(s, b, "one of those whose requests are nobody's", SquashRoot, SquashAll, SquashNone)
}

// NTHash is a password as SMB keeps it (MS-NLMP, section 3.3.1: MD4 of its UTF-16LE form), 32
// hexadecimal digits. Who has it can log in by SMB as with the password.
type NTHash string

// Secret marks values that no output shows.
func (NTHash) Secret() {}

// UnmarshalText accepts 32 hexadecimal digits.
func (h *NTHash) UnmarshalText(b []byte) error {
	if raw, err := hex.DecodeString(string(b)); err != nil || len(raw) != 16 {
		return Unaccepted(`32 hexadecimal digits, as "imgbuild hash USER --smb" prints them`, "not an NT hash")
	}
	*h = NTHash(strings.ToUpper(string(b)))
	return nil
}

// IQN is the name of an iSCSI node.
type IQN string

// UnmarshalText accepts iqn.YYYY-MM.DOMAIN[:ANYTHING] and eui. with 16 hexadecimal digits.
func (q *IQN) UnmarshalText(b []byte) error {
	s := string(b)
	year, rest, _ := strings.Cut(strings.TrimPrefix(s, "iqn."), ".")
	_, notEUI := hex.DecodeString(strings.TrimPrefix(s, "eui."))
	switch {
	case len(s) > 223 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789.-:ABCDEF") != "":
	case strings.HasPrefix(s, "iqn.") && len(year) == 7 && year[4] == '-' && strings.Trim(year, "0123456789-") == "" && year[5:] >= "01" && year[5:] <= "12" && strings.Trim(rest, ".:-") != "":
		*q = IQN(s)
		return nil
	case strings.HasPrefix(s, "eui.") && len(s) == 20 && notEUI == nil:
		*q = IQN(s)
		return nil
	}
	return Unaccepted("iqn.YYYY-MM.DOMAIN:NAME in lower case, such as iqn.2026-01.example.nas:backup", "%q is not a name of iSCSI", s)
}
