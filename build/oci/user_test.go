package oci

import (
	"archive/tar"
	"fmt"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Who an image runs as follows from its accounts as the last layer leaves them, found through its links and never outside of it.
func TestUsers(t *testing.T) {
	const accounts = "root:x:0:0::/:/bin/sh\nweb:x:33:34::/:/bin/sh\n7:x:77:78::/:\nbroken:x:-1:x::/:\n"
	const groups = "root:x:0:\nweb:x:34:\nadm:x:4:root,web\nlog:x:5:web\nweb2:x:34:web\n"
	plain := [][]byte{archived(t, text("etc/passwd", accounts), text("etc/group", groups))}
	for name, c := range map[string]struct {
		layers     [][]byte
		user, want string
	}{
		"none said":         {plain, "", "0 0 [4]"},
		"a name":            {plain, "web", "33 34 [4 5]"},
		"a number":          {plain, "33", "33 34 [4 5]"},
		"a name of digits":  {plain, "7", "77 78 []"},
		"an unknown number": {plain, "1000", "1000 0 []"},
		"a group":           {plain, "web:log", "33 5 []"},
		"numbers":           {plain, "1:2", "1 2 []"},
		"a group alone":     {plain, ":log", "0 5 []"},
		"no name":           {plain, "nobody", `the image has no account "nobody"; accepted: one that its /etc/passwd has, or a number`},
		"no group":          {plain, "web:nobody", `the image has no group "nobody"`},
		"a broken row":      {plain, "broken", "reading /etc/passwd of the image"},
		"no files":          {[][]byte{archived(t, text("a", ""))}, "65535:65535", "65535 65535 []"},
		"no files, a name":  {[][]byte{archived(t, text("a", ""))}, "root", `the image has no account "root"`},
		"a later layer":     {append([][]byte{archived(t, text("etc/passwd", "web:x:1:1::/:\n"))}, plain...), "web", "33 34 [4 5]"},
		"taken away":        {append(plain[:1:1], archived(t, text("etc/.wh.passwd", ""))), "web", "has no account"},
		"taken away whole":  {append(plain[:1:1], archived(t, dirs("etc"), text("etc/.wh..wh..opq", ""))), "web", "has no account"},
		"through links": {[][]byte{archived(t, link(tar.TypeSymlink, "etc", "/usr/../conf"), link(tar.TypeSymlink, "conf/passwd", "../../../real"), text("real", accounts))},
			"web", "33 34 []"},
		"links in a circle":  {[][]byte{archived(t, link(tar.TypeSymlink, "etc", "etc"))}, "web", "links of the image lead in a circle"},
		"a directory":        {[][]byte{archived(t, dirs("etc/passwd"))}, "web", "etc/passwd of the image is no file"},
		"a huge file":        {[][]byte{archived(t, text("etc/passwd", strings.Repeat("#", 1<<20+1)))}, "web", "is no file of up to 1048576 bytes"},
		"not this machine's": {[][]byte{archived(t, link(tar.TypeSymlink, "etc/passwd", "/proc/self/root/etc/passwd"))}, "root", "has no account"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := build(t, c.layers, nothing).layout(t)
			image, err := Open(t.Context(), Place{Path: dir})
			if err != nil {
				t.Fatal(err)
			}
			w := Want{spec.ImageWant{Name: "x", Shifted: true, User: c.user}, image}
			packed, err := packer(t).Pack(t.Context(), []Want{w})
			if checked := w.Check(t.Context()); fmt.Sprint(checked) != fmt.Sprint(err) { // by the names alone
				t.Errorf("checked it is %v, and packed %v", checked, err)
			}
			if err != nil {
				says(t, err, c.want)
				return
			}
			if is := packed[0].Is; fmt.Sprint(is.UID, is.GID, is.Groups) != c.want {
				t.Errorf("%d %d %v, want %s", is.UID, is.GID, is.Groups, c.want)
			}
		})
	}
}

// What an image says itself counts where nobody says anything else.
func TestUserOfTheImage(t *testing.T) {
	dir := build(t, [][]byte{archived(t, text("etc/passwd", "web:x:33:34::/:\n"))}, func(m *made, step string) { m.config.Config.User = "web" }).layout(t)
	for user, want := range map[string]uint32{"": 33, "5": 5} {
		image, err := Open(t.Context(), Place{Path: dir})
		if err != nil {
			t.Fatal(err)
		}
		packed, err := packer(t).Pack(t.Context(), []Want{{spec.ImageWant{Name: "x", User: user}, image}})
		if err != nil || packed[0].Is.UID != want {
			t.Errorf("%q: %v, %v", user, packed, err)
		}
	}
}
