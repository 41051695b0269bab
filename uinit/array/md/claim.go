package md

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// claim returns the members of the one array that a row means, or what keeps it from being one.
func claim(name string, cfg spec.Array, host string, have State) (members []Member, problem string) {
	byUUID := map[UUID][]Member{}
	var order []UUID
	named := map[UUID]bool{} // by a device of theirs
	for _, m := range have.Members {
		known := slices.Contains(order, m.Super.UUID)
		switch {
		case answers(name, cfg.Match, m):
		case identified(cfg, m):
			named[m.Super.UUID] = true
		default:
			continue
		}
		if !known {
			order = append(order, m.Super.UUID)
		}
	}
	// One answers for all: a disk that took another one's place is in no profile.
	for _, m := range have.Members {
		byUUID[m.Super.UUID] = append(byUUID[m.Super.UUID], m)
	}
	if cfg.Match.UUID == "" && cfg.Foreign != spec.ForeignAccept {
		// Ours by name is ours; another host's of that name only matters where there is none.
		own := slices.DeleteFunc(slices.Clone(order), func(u UUID) bool { return !named[u] && foreign(byUUID[u][0].Super, host) })
		if len(own) == 0 && len(order) > 0 {
			m := byUUID[order[0]]
			other, _ := m[0].Super.Split()
			return nil, fmt.Sprintf("it belongs to the host %q (foreign = \"accept\" or match.uuid = \"%s\" takes it): %s", other, order[0], names(m))
		}
		order = own
	}
	switch len(order) {
	case 0:
		return nil, ""
	case 1:
		return byUUID[order[0]], ""
	}
	var each []string
	for _, u := range order {
		each = append(each, fmt.Sprintf("%s: %s", u, names(byUUID[u])))
	}
	return nil, "several arrays answer to it (match.uuid tells them apart): " + strings.Join(each, "; ")
}

func answers(name string, match spec.ArrayMatch, m Member) bool {
	if match.UUID != "" {
		return m.Super.UUID.String() == string(match.UUID)
	}
	_, called := m.Super.Split()
	switch {
	case match.Name != "":
		return called == match.Name
	}
	return called == name
}

// identified says that a profile knows the array by one of its devices. Disks that a row would make an
// array of are no such mark: they may have been used for another one.
func identified(cfg spec.Array, m Member) bool {
	return cfg.Match.UUID == "" && cfg.Match.Name == "" && !cfg.Create && slices.ContainsFunc(cfg.Match.Members, m.Is)
}

// foreign says that an array was made for another host.
func foreign(s *Superblock, host string) bool {
	other, _ := s.Split()
	short, _, _ := strings.Cut(host, ".")
	return other != "" && other != "any" && other != host && other != short
}

// Is says whether a member is what a profile's text means: /dev/sda1, serial=…, partlabel=….
func (m Member) Is(text string) bool {
	for word := range strings.SplitSeq(text, ",") {
		serial, bySerial := strings.CutPrefix(word, "serial=")
		label, byLabel := strings.CutPrefix(word, "partlabel=")
		switch {
		case bySerial && serial == m.Serial && serial != "":
		case byLabel && label == m.Label && label != "":
		case !bySerial && !byLabel && word == "/dev/"+m.Device:
		default:
			return false
		}
	}
	return true
}

// DeviceName is what the kernel calls the array of a row.
func DeviceName(name string) string { return "md_" + name }
