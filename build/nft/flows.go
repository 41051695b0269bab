package nft

import (
	"slices"
	"strings"
)

// Flows are a ruleset's flow tables.
type Flows struct {
	// Declared are those that there are, each by family, table and name: "inet filter fast".
	Declared []string
	// Added are the names of those that rules add packets to, without their table.
	Added []string
	// Unread are files of the ruleset that were not there to be read: there may be more of both.
	Unread []string
}

// ScanFlows lists the flow tables of a ruleset as Scan does base chains.
func ScanFlows(name string, read func(name string) (string, bool), match func(pattern string) []string) Flows {
	return scan(name, read, match).flows
}

// flow notes "flowtable fast {" within a table, "add flowtable inet filter fast {" outside of one, and "flow add @fast", which old
// rules write "flow offload @fast".
func (s *scanner) flow(what string, next func(int) string) {
	name, named := strings.CutPrefix(next(2), "@")
	switch {
	case what == "flow" && named && slices.Contains([]string{"add", "offload"}, next(1)):
		s.flows.Added = append(s.flows.Added, name)
	case what == "flowtable" && slices.Contains(families, next(1)) && next(2) != "{":
		s.flows.Declared = append(s.flows.Declared, strings.Join([]string{next(1), next(2), next(3)}, " "))
	case what == "flowtable" && next(2) == "{":
		s.flows.Declared = append(s.flows.Declared, strings.Join([]string{s.family, s.table, next(1)}, " "))
	}
}
