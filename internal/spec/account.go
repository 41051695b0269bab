package spec

// Numbers of accounts that are no profile's: nobody's, as Debian's base-passwd has it, and the first of guests and of programs beside
// the init, which own nothing.
const (
	NobodyUID = 65534
	GuestUID  = 1 << 16
	BesideUID = 1 << 17
	// SpeakerUID is the first number that no account has, for 31 bits are read of one (internal/passwd): the SSH server's
	// processes that speak with clients have those from here on.
	SpeakerUID = 1 << 31
)

// ReservedUID says whether a number belongs to nobody, a guest, a program beside the init, a speaker of the SSH server, or cannot be an
// account's at all.
func ReservedUID(uid uint32) bool {
	return uid >= NobodyUID && uid < BesideUID+1<<16 || uid >= SpeakerUID
}
