package deb

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

// pkg makes a tree; entries are written as
//
//	path            a file            path/            a directory
//	path -> target  a symbolic link   path #! line     a script
//	path < a.so b.so @ run:path       a dynamic file
func pkg(name string, entries ...string) Tree {
	t := Tree{Package: Package{Name: name}, Dir: "/cache/" + name}
	for _, text := range entries {
		e := Entry{Mode: 0o644, SHA256: name}
		p := text
		if before, after, ok := strings.Cut(text, " -> "); ok {
			p, e.Link, e.Mode = before, after, fs.ModeSymlink|0o777
		} else if before, after, ok := strings.Cut(text, " #! "); ok {
			p, e.Script = before, after
		} else if before, after, ok := strings.Cut(text, " < "); ok {
			needed, run, _ := strings.Cut(after, " @ ")
			p, e.ELF = before, &ELF{Needed: strings.Fields(needed)}
			if run != "" {
				e.ELF.RunPath = strings.Split(run, ":")
			}
		} else if strings.HasSuffix(p, "/") {
			e.Mode = fs.ModeDir | 0o755
		}
		e.Path = canonical(p)
		t.Files = append(t.Files, e)
	}
	slices.SortFunc(t.Files, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return t
}

func system() []Tree {
	const lib = "lib/x86_64-linux-gnu/"
	return []Tree{
		pkg("libc", lib+"libc.so.6", lib+"ld.so", "lib64/ld.so -> /"+lib+"ld.so"),
		pkg("liba", "usr/"+lib+"liba.so.1 -> liba.so.1.2", "usr/"+lib+"liba.so.1.2 < libc.so.6", "usr/share/doc/liba/copyright"),
		pkg("prog", "usr/bin/prog < liba.so.1 libpriv.so @ $ORIGIN/../lib/prog", "usr/lib/prog/libpriv.so < libother.so libc.so.6",
			"usr/lib/prog/libother.so", "usr/lib/prog/plug/a.so < libother.so", "usr/lib/prog/plug/b.so", "usr/lib/prog/plug/",
			"usr/share/man/man1/prog.1", "usr/share/prog/alias -> ../../lib/prog/plug", "etc/prog.conf"),
		pkg("scripts", "usr/bin/run #! /bin/sh -e", "usr/bin/env-run #! /usr/bin/env prog", "usr/sbin/lost #! /usr/bin/perl", "usr/sbin/loop -> loop2", "usr/sbin/loop2 -> loop",
			"usr/bin/libless < libnone.so", "usr/sbin/dangling -> /nowhere"),
	}
}

func paths(picks []Pick) (list []string) {
	for _, p := range picks {
		list = append(list, p.Path)
	}
	return list
}

const gnu = "usr/lib/x86_64-linux-gnu/"

var progNeeds = []string{"usr/bin/prog", "usr/lib/prog/libother.so", "usr/lib/prog/libpriv.so", gnu + "liba.so.1", gnu + "liba.so.1.2", gnu + "libc.so.6"}

func TestClosure(t *testing.T) {
	for _, test := range []struct {
		want   []string
		picked []string
	}{
		{[]string{"/etc/prog.conf"}, []string{"etc/prog.conf"}},
		// libother.so is found by nobody's run path but wanted by name elsewhere.
		{[]string{"/usr/bin/prog", "/usr/lib/prog/libother.so"}, progNeeds},
		{[]string{"/usr/lib/prog/plug/*.so", "/usr/lib/prog/libother.so"}, []string{"usr/lib/prog/libother.so", "usr/lib/prog/plug/a.so", "usr/lib/prog/plug/b.so"}},
		{[]string{"/usr/lib/prog/plug/", "/usr/lib/prog/libother.so"}, []string{"usr/lib/prog/libother.so", "usr/lib/prog/plug/a.so", "usr/lib/prog/plug/b.so"}},
		{[]string{"/usr/share/prog/alias/b.so"}, []string{"usr/lib/prog/plug/b.so", "usr/share/prog/alias"}},
		{[]string{"/lib64/ld.so"}, []string{gnu + "ld.so", "usr/lib64/ld.so"}},
		{[]string{"/bin/run"}, []string{"usr/bin/run"}},
		{[]string{"/bin/env-run", "/usr/lib/prog/libother.so"}, append([]string{"usr/bin/env-run"}, progNeeds...)},
	} {
		picks, err := Closure(system(), test.want)
		if got := paths(picks); err != nil || !slices.Equal(got, test.picked) {
			t.Errorf("Closure(%v):\n%v, %v, want\n%v", test.want, got, err, test.picked)
		}
	}
}

func TestClosureSaysWhy(t *testing.T) {
	picks, err := Closure(system(), []string{"/usr/bin/prog", "/usr/lib/prog/libo*.so"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"usr/bin/prog":             "wanted",
		"usr/lib/prog/libother.so": "wanted as /usr/lib/prog/libo*.so",
		gnu + "liba.so.1":          "needed by /usr/bin/prog",
		gnu + "libc.so.6":          "needed by /" + gnu + "liba.so.1.2",
	}
	for _, p := range picks {
		if why, ok := want[p.Path]; ok && p.Why != why {
			t.Errorf("%s: %q, want %q", p.Path, p.Why, why)
		}
		if p.Path == "usr/bin/prog" && (p.Host != "/cache/prog/root/usr/bin/prog" || p.Package != "prog") {
			t.Errorf("%+v", p)
		}
	}
}

func TestClosureErrors(t *testing.T) {
	for _, test := range []struct {
		want []string
		says []string
	}{
		{[]string{"/usr/bin/prgo"}, []string{"no package has /usr/bin/prgo; did you mean /usr/bin/prog?"}},
		{[]string{"/opt/libpriv.so"}, []string{"no package has /opt/libpriv.so; did you mean /usr/lib/prog/libpriv.so?"}},
		{[]string{"/usr/lib/prog/*.xyz"}, []string{"nothing in the packages matches /usr/lib/prog/*.xyz"}},
		{[]string{"/usr/sbin/lost"}, []string{"/usr/sbin/lost of package scripts needs /usr/bin/perl, which no package has"}},
		{[]string{"/usr/bin/prog"}, []string{"/usr/lib/prog/libpriv.so of package prog needs libother.so, which no package has"}},
		{[]string{"/usr/sbin/loop"}, []string{"/usr/sbin/loop of package scripts needs loop2, which no package has"}},
		{[]string{"/usr/sbin/dangling"}, []string{"/usr/sbin/dangling of package scripts needs /nowhere, which no package has"}},
		{[]string{"/usr/[bin"}, []string{"looking for /usr/[bin: bad pattern"}},
		{[]string{"/x", "/usr/bin/libless", "/usr/sbin/lost"}, []string{"no package has /x", "/usr/sbin/lost of", "/usr/bin/libless of package scripts needs libnone.so"}},
	} {
		_, err := Closure(system(), test.want)
		if err == nil {
			t.Errorf("Closure(%v) finds everything", test.want)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != len(test.says) {
			t.Errorf("Closure(%v): %v", test.want, err)
			continue
		}
		for i, says := range test.says {
			if !strings.HasPrefix(lines[i], says) {
				t.Errorf("Closure(%v): %q, want %q", test.want, lines[i], says)
			}
		}
	}
	var need *NeedError
	if _, err := Closure(system(), []string{"/usr/bin/libless"}); !errors.As(err, &need) || *need != (NeedError{"libnone.so", "/usr/bin/libless", "scripts"}) {
		t.Errorf("error %v", err)
	}
}

func TestClashIsAnErrorOnlyWhenPicked(t *testing.T) {
	trees := []Tree{pkg("one", "etc/conf", "usr/bin/a"), pkg("two", "etc/conf", "usr/bin/b")}
	if picks, err := Closure(trees, []string{"/usr/bin/a", "/usr/bin/b"}); err != nil || len(picks) != 2 {
		t.Errorf("%v, %v", paths(picks), err)
	}
	var clash *ClashError
	for name, pick := range map[string]func() ([]Pick, error){
		"by name":  func() ([]Pick, error) { return Closure(trees, []string{"/etc/conf"}) },
		"as whole": func() ([]Pick, error) { return Complete(trees, append(Whole(trees[0]), Whole(trees[1])...)) },
	} {
		if picks, err := pick(); !errors.As(err, &clash) || clash.Path != "etc/conf" || !slices.Equal(clash.Packages, []string{"one", "two"}) {
			t.Errorf("%s: picked %v, %v", name, paths(picks), err)
		}
	}
}

func TestWhole(t *testing.T) {
	trees := system()
	whole := Whole(trees[2])
	for _, p := range whole {
		if strings.HasPrefix(p.Path, "usr/share/man") {
			t.Errorf("%s is in the image", p.Path)
		}
	}
	picks, err := Complete(trees, whole)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range progNeeds {
		if !slices.Contains(paths(picks), p) {
			t.Errorf("%s is missing", p)
		}
	}
	// Scripts that nobody runs need no interpreter; libraries must be there.
	var need *NeedError
	if _, err := Complete(trees, Whole(trees[3])); !errors.As(err, &need) || need.Need != "libnone.so" || strings.Contains(err.Error(), "perl") {
		t.Errorf("error %v", err)
	}
}
