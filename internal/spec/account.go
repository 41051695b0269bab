package spec

// Numbers of accounts that are no profile's: nobody's, as Debian's base-passwd has it, and the first of guests and of programs beside
// the init, which own nothing.
const (
	NobodyUID = 65534
	GuestUID  = 1 << 16
	BesideUID = 1 << 17
)

// ReservedUID says whether a number belongs to nobody, a guest, a program beside the init, or cannot be an account's at all: -1 stands
// for "no change" in chown(2), and NFS knows -2 as nobody.
func ReservedUID(uid uint32) bool {
	return uid >= NobodyUID && uid < BesideUID+1<<16 || uid >= 1<<32-2
}
