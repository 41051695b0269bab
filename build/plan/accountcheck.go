package plan

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// CheckAccounts finds accounts that would be others': their name or number is one that every image has, or their home is a directory
// that others need, which would be closed to them.
func CheckAccounts(j problem.Judge, users map[string]spec.User) {
	homes := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(users)) {
		u, key := users[name], problem.JoinKey("user", name)
		if u.UID != nil && spec.ReservedUID(*u.UID) {
			j.Bad(key+".uid", "%d belongs to nobody, to guests or to programs of the init; accepted: up to %d, or from %d to %d", *u.UID, spec.NobodyUID-1, spec.BesideUID+1<<16, spec.SpeakerUID-1)
		}
		if name == "nobody" {
			j.Bad(key, "is an account that every image has; accepted: another name")
		}
		for _, g := range systemGroups {
			if g.name == name {
				j.Bad(key, "is a group that every image has; accepted: another name")
			}
			if u.UID != nil && *u.UID == g.gid && g.gid < spec.NobodyUID {
				j.Bad(key+".uid", "%d is the number of the group %s, and it would be the account's group; accepted: another, such as from 1000 on", g.gid, g.name)
			}
		}
		home := path.Clean(u.Home)
		switch other, twice := homes[home]; {
		case u.Home == "" || name == "root" && home == "/root":
			continue
		case common(home):
			j.Bad(key+".home", "%s is a directory that all need, and would be %s's alone; accepted: one of its own, such as /home/%s", u.Home, name, name)
		case twice:
			j.Of(problem.JoinKey("user", other)+".home").Bad(key+".home", "%s is the home of %s already; accepted: one of its own", u.Home, other)
		case path.Dir(home) == "/home" && path.Base(home) != name && has(users, path.Base(home)):
			j.Of(problem.JoinKey("user", path.Base(home))).Bad(key+".home", "%s is the home of %s already; accepted: one of its own", u.Home, path.Base(home))
		}
		homes[home] = name
	}
}

// has says whether an account has its home where accounts have it by themselves.
func has(users map[string]spec.User, name string) bool {
	u, there := users[name]
	return there && name != "root" && u.Home == ""
}

// common says whether a directory is one that every image has.
func common(dir string) bool {
	return dir == "/" || slices.ContainsFunc(base(), func(f tree.File) bool { return f.Path == strings.TrimPrefix(dir, "/") })
}
