package nft

// Groups are those that a ruleset's log statements send packets to: "log prefix \"x\" group 1".
type Groups struct {
	// Logged are their numbers, or what stands instead of one, as they are written.
	Logged []string
	// Unread are files of the ruleset that were not there to be read.
	Unread []string
}

// ScanGroups lists the groups of a ruleset as Scan does base chains.
func ScanGroups(name string, read func(name string) (string, bool), match func(pattern string) []string) Groups {
	s := scan(name, read, match)
	s.groups.Unread = s.flows.Unread
	return s.groups
}
