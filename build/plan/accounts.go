package plan

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/passwd"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// account is a row of passwd(5).
type account struct {
	name        string
	uid         uint32
	home, shell string
	hash        string
	keys        []string
}

// accounts numbers the profile's users: root is 0, others keep the number they
// were given or take the next free one from 1000 in the order of their names.
func accounts(users map[string]spec.User) []account {
	taken := map[uint32]bool{}
	for _, u := range users {
		if u.UID != nil {
			taken[*u.UID] = true
		}
	}
	root := users["root"]
	defaults.Fill(&root)
	out := []account{{"root", 0, cmp.Or(root.Home, "/root"), root.Shell, string(root.PasswordHash.Value), root.AuthorizedKeys}}
	next := uint32(1000)
	for _, name := range slices.Sorted(maps.Keys(users)) {
		if name == "root" {
			continue
		}
		u := users[name]
		uid := next
		if u.UID != nil {
			uid = *u.UID
		} else {
			for taken[uid] {
				uid++
			}
			next = uid + 1
		}
		shell := u.Shell
		if u.SFTPOnly != "" {
			shell = noLogin // consoles and su(1) ask for one; sshd does not
		}
		out = append(out, account{name, uid, cmp.Or(u.Home, "/home/"+name), shell, string(u.PasswordHash.Value), u.AuthorizedKeys})
	}
	return append(out, account{"nobody", spec.NobodyUID, "/nonexistent", noLogin, "", nil})
}

const noLogin = "/usr/sbin/nologin"

// groups that Debian's programs look up, with Debian's numbers (base-passwd).
var systemGroups = []struct {
	name string
	gid  uint32
}{{"tty", 5}, {"disk", 6}, {"kmem", 15}, {"utmp", 43}, {"kvm", 104}, {"nogroup", spec.NobodyUID}}

// accountFiles writes passwd, group, shadow (passwd(5), group(5), shadow(5)),
// homes and authorised keys. An account without a hash is locked with "!".
func accountFiles(users map[string]spec.User) []tree.File {
	var rows, group, shadow strings.Builder
	files := sftpRoots(users)
	for _, a := range accounts(users) {
		rows.WriteString(passwd.Account{Name: a.name, UID: a.uid, GID: a.uid, Home: a.home, Shell: a.shell}.Line())
		fmt.Fprintf(&shadow, "%s:%s:::::::\n", a.name, cmp.Or(a.hash, "!"))
		if a.name == "nobody" {
			continue
		}
		group.WriteString(passwd.GroupLine(a.name, a.uid))
		files = append(files, home(a)...)
	}
	for _, g := range systemGroups {
		group.WriteString(passwd.GroupLine(g.name, g.gid))
	}
	return append(files,
		text("etc/passwd", 0o644, rows.String(), "accounts"),
		text("etc/group", 0o644, group.String(), "accounts"),
		text("etc/shadow", 0o600, shadow.String(), "password hashes of the profile"))
}

// sftpRoots are the directories below which accounts get SFTP alone, but for those that are there by themselves.
func sftpRoots(users map[string]spec.User) (files []tree.File) {
	made := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(users)) {
		if dir := users[name].SFTPOnly; dir != "" && !common(dir) && !made[dir] {
			made[dir] = true
			files = append(files, tree.File{Path: strings.TrimPrefix(dir, "/"), Mode: fs.ModeDir | 0o755, Why: "what " + name + " sees by SFTP"})
		}
	}
	return files
}

func home(a account) []tree.File {
	dir := strings.TrimPrefix(a.home, "/")
	own := func(f tree.File) tree.File {
		f.UID, f.GID = a.uid, a.uid
		return f
	}
	files := []tree.File{own(tree.File{Path: dir, Mode: fs.ModeDir | 0o700, Why: "home of " + a.name})}
	if len(a.keys) > 0 {
		files = append(files,
			own(tree.File{Path: dir + "/.ssh", Mode: fs.ModeDir | 0o700, Why: "keys of " + a.name}),
			own(text(dir+"/.ssh/authorized_keys", 0o600, strings.Join(a.keys, "\n")+"\n", "keys of "+a.name)))
	}
	return files
}
