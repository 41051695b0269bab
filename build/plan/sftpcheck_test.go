package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// A directory that somebody else than root could put another in place of is told where that can be known.
func TestCheckSFTP(t *testing.T) {
	for _, c := range []struct {
		dir    string
		change func(*profile.Profile)
		want   string // the beginning of what is found; "" for nothing
	}{
		{dir: "/srv/upload"},
		{dir: "/srv"},
		{dir: "/srv/upload", change: func(p *profile.Profile) { p.User["up"] = spec.User{SFTPOnly: "/srv/upload", Home: "/srv/upload/up"} }},
		{dir: "/home/up", want: "/home/up is the home of up, which"},
		{dir: "/home/ann/files", want: "/home/ann is the home of ann, which"},
		{dir: "/srv/upload", change: func(p *profile.Profile) { p.User["ann"] = spec.User{Home: "/srv/upload"} }, want: "/srv/upload is the home of ann, which"},
		{dir: "/tmp/upload", want: "everybody may write to /tmp"},
		{dir: "/data/upload", change: func(p *profile.Profile) { p.Mount = map[string]spec.Mount{"/data": {Type: "ext4"}} }},
		{dir: "/home/ann/x", change: func(p *profile.Profile) { p.Mount = map[string]spec.Mount{"/home": {Type: "ext4"}} }},
		{dir: "/data/upload", change: func(p *profile.Profile) { p.Mount = map[string]spec.Mount{"/data": {Type: "tmpfs"}} }, want: "a tmpfs is mounted at /data"},
		{dir: "/data/upload", change: func(p *profile.Profile) {
			p.Mount = map[string]spec.Mount{"/data": {Type: "tmpfs", Options: []string{"size=1M", "mode=0755"}}}
		}},
	} {
		p := &profile.Profile{}
		p.User = map[string]spec.User{"up": {SFTPOnly: c.dir}, "ann": {}}
		if c.change != nil {
			c.change(p)
		}
		j := problem.NewJudge(func(string) problem.Pos { return problem.Pos{} }, problem.Doubts{})
		CheckSFTP(j, p)
		var found []string
		for _, p := range j.Found() {
			found = append(found, p.Key+": "+p.Msg)
		}
		if want := "user.up.sftp_only: " + c.want; (c.want == "") != (len(found) == 0) || c.want != "" && !slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, want) }) {
			t.Errorf("%s: %q, want %q", c.dir, found, c.want)
		}
	}
}

// An account that gets SFTP alone has no shell at a console either, and its directory is there and root's.
func TestSFTPOnlyInTheImage(t *testing.T) {
	users := map[string]spec.User{"up": {SFTPOnly: "/srv/upload", Shell: "/bin/sh", Home: "/srv/upload/up"}, "down": {SFTPOnly: "/srv/upload", Shell: "/bin/sh"}, "all": {SFTPOnly: "/srv"}, "ann": {Shell: "/bin/sh"}}
	var dirs int
	for _, f := range accountFiles(users) {
		switch f.Path {
		case "srv/upload":
			if dirs++; f.UID != 0 || f.GID != 0 || f.Mode.Perm() != 0o755 || !f.Mode.IsDir() {
				t.Errorf("%+v", f)
			}
		case "srv":
			t.Error("what is there by itself is made once more")
		}
	}
	if dirs != 1 {
		t.Errorf("the directory is made %d times", dirs)
	}
	for _, a := range accounts(users) {
		if want := map[string]string{"up": noLogin, "ann": "/bin/sh"}[a.name]; want != "" && a.shell != want {
			t.Errorf("%s has the shell %s", a.name, a.shell)
		}
	}
}
