package strict

import (
	"reflect"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/problem"
)

// doubtful are the doubts after some texts.
func doubtful(failed ...string) problem.Doubts {
	var d problem.Doubts
	d.Add(failed...)
	return d
}

// A key is in doubt with what lies in it and around it, and not with what begins alike.
func TestAbout(t *testing.T) {
	for _, c := range []struct {
		failed, key string
		want        bool
	}{
		{"a.b", "a.b", true}, {"a.b", "a", true}, {"a.b", "a.b.c", true}, {"a.b", "a.b[0]", true}, {"a[1]", "a", true}, {"a", "a[1].b", true},
		{"a.b", "a.c", false}, {"a.b", "a.bc", false}, {"a.bc", "a.b", false}, {"a[1]", "a[10]", false}, {"a[1]", "a[2]", false}, {"a", "b", false}, {"a", "", false},
	} {
		if got := doubtful(c.failed).About(c.key); got != c.want {
			t.Errorf("%s failed, %s in doubt: %v, want %v", c.failed, c.key, got, c.want)
		}
	}
	if (problem.Doubts{}).About("a") {
		t.Error("there is a doubt where there is none")
	}
}

// Which rows a table has is in doubt where the table itself is, and not where a value in a row is.
func TestRows(t *testing.T) {
	doc, err := Parse("f", []byte("[etherne.lan]\nmtu = 1\n[bridge.br]\nport = []\n"))
	if err != nil {
		t.Fatal(err)
	}
	misspelt := problem.NewDoubts(doc.At)
	misspelt.Meant("etherne", "ethernet")
	for _, c := range []struct {
		d           problem.Doubts
		table, name string
		want        bool
	}{
		{doubtful("vlan"), "vlan", "", true}, {doubtful("vlan"), "vlan", "x", true}, {doubtful("vlan.x"), "vlan", "", false}, {doubtful("vlan.x.id"), "vlan", "x", false},
		{doubtful("vlans"), "vlan", "", false}, {doubtful("bond"), "vlan", "", false}, {doubtful("share"), "share.nfs", "", true}, {doubtful("share.nfs"), "share", "", false},
		{misspelt, "ethernet", "", true}, {misspelt, "ethernet", "lan", true}, {misspelt, "ethernet", "wan", false}, {misspelt, "bridge", "", false}, {misspelt, "bridge", "lan", false},
		{problem.Doubts{}, "vlan", "", false},
	} {
		j := problem.NewJudge(doc.At.At, c.d).Sure()
		if c.name == "" {
			j.Rows(c.table).Bad("k", "stands on them")
		} else {
			j.Ref(c.name, c.table).Bad("k", "stands on it")
		}
		if got := len(j.Found()) == 0; got != c.want {
			t.Errorf("%v: rows of %s, %q: %v, want %v", c.d, c.table, c.name, got, c.want)
		}
	}
	// The key that a word was meant for is in doubt, with those that are written below it.
	for key, want := range map[string]bool{"ethernet": true, "ethernet.lan": true, "ethernet.lan.mtu": true, "ethernet.lan.mac": false, "ethernet.wan": false, "bridge.br": false, "etherne": false} {
		if got := misspelt.About(key); got != want {
			t.Errorf("%s in doubt: %v, want %v", key, got, want)
		}
	}
}

// A judge leaves out what only follows from what is in doubt.
func TestJudge(t *testing.T) {
	at := func(key string) problem.Pos { return problem.Pos{File: "f", Line: len(key), Col: 1} }
	doubts := doubtful("a.x", "rows")
	for name, c := range map[string]struct {
		tell func(problem.Judge)
		want string
	}{
		"a sound key":                       {func(j problem.Judge) { j.Bad("b", "is %d", 1) }, "f:1:1: b: is 1"},
		"a warning":                         {func(j problem.Judge) { j.Warn("bcd", "is %s", "odd") }, "f:3:1: warning: bcd: is odd"},
		"a key in doubt":                    {func(j problem.Judge) { j.Bad("a.x", "is bad") }, ""},
		"around a key in doubt":             {func(j problem.Judge) { j.Warn("a", "is bad") }, ""},
		"within a key in doubt":             {func(j problem.Judge) { j.Bad("a.x.y", "is bad") }, ""},
		"beside a key in doubt":             {func(j problem.Judge) { j.Bad("a.y", "is bad") }, "f:3:1: a.y: is bad"},
		"surely":                            {func(j problem.Judge) { j.Sure().Bad("a.x", "is bad") }, "f:3:1: a.x: is bad"},
		"surely, and yet of a key in doubt": {func(j problem.Judge) { j.Sure().Of("a").Bad("b", "is bad") }, ""},
		"of a sound key":                    {func(j problem.Judge) { j.Of("c", "d").Bad("b", "is bad") }, "f:1:1: b: is bad"},
		"of keys, the last in doubt":        {func(j problem.Judge) { j.Of("c", "a.x").Bad("b", "is bad") }, ""},
		"of keys, the first in doubt":       {func(j problem.Judge) { j.Of("a.x", "c").Bad("b", "is bad") }, ""},
		"of no rows in doubt":               {func(j problem.Judge) { j.Rows("c", "a").Bad("b", "is bad") }, "f:1:1: b: is bad"},
		"of rows in doubt":                  {func(j problem.Judge) { j.Rows("rows", "c").Bad("b", "is bad") }, ""},
		"of a row of a table in doubt":      {func(j problem.Judge) { j.Ref("n", "c", "rows").Bad("b", "is bad") }, ""},
		"of a row of a table":               {func(j problem.Judge) { j.Ref("x", "a", "c").Bad("b", "is bad") }, "f:1:1: b: is bad"},
		"doubts do not stay": {func(j problem.Judge) {
			j.Of("a")
			j.Rows("rows")
			j.Ref("n", "rows")
			j.Sure()
			j.Bad("b", "is bad")
			j.Bad("a", "is bad")
		}, "f:1:1: b: is bad"},
		"another's": {func(j problem.Judge) { j.Add(problem.Problems{{Msg: "x"}, {Msg: "y"}}) }, ": x\n: y"},
		"two":       {func(j problem.Judge) { j.Bad("b", "1"); j.Of("c").Bad("b", "2") }, "f:1:1: b: 1\nf:1:1: b: 2"},
	} {
		j := problem.NewJudge(at, doubts)
		c.tell(j)
		if got := j.Found().Error(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestProblems(t *testing.T) {
	bad := func(file string, line, col int, msg string) problem.Problem {
		return problem.Problem{Pos: problem.Pos{File: file, Line: line, Col: col}, Msg: msg}
	}
	warning := problem.Problem{Pos: problem.Pos{File: "f", Line: 1, Col: 2}, Key: "k", Msg: "odd", Warning: true}
	for p, want := range map[problem.Problem]string{
		bad("f", 1, 2, "m"): "f:1:2: m", bad("f", 0, 0, "m"): "f: m", warning: "f:1:2: warning: k: odd", {Pos: problem.Pos{File: "f", Line: 3, Col: 1}, Key: "k", Msg: "m"}: "f:3:1: k: m",
	} {
		if got := p.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	// Two that follow each other and are the same are one; of one place, the first found comes first.
	got := problem.Problems{bad("g", 1, 1, "6"), bad("f", 2, 1, "4"), bad("f", 1, 9, "2"), bad("f", 10, 1, "5"), bad("f", 1, 2, "1"), bad("f", 1, 2, "0"), bad("f", 1, 9, "2"), warning}.Sort()
	want := problem.Problems{bad("f", 1, 2, "1"), bad("f", 1, 2, "0"), warning, bad("f", 1, 9, "2"), bad("f", 2, 1, "4"), bad("f", 10, 1, "5"), bad("g", 1, 1, "6")}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("sorted:\n%v\nwant\n%v", got, want)
	}
	if err := (problem.Problems{warning, warning}).Err(); err != nil {
		t.Errorf("warnings alone: %v", err)
	}
	if err := (problem.Problems{}).Err(); err != nil {
		t.Errorf("none: %v", err)
	}
	both := problem.Problems{warning, bad("f", 2, 1, "m")}
	if err := both.Err(); err == nil || err.Error() != "f:1:2: warning: k: odd\nf:2:1: m" {
		t.Errorf("both: %v", err)
	}
	if got := (problem.Problems{{Msg: "m"}, bad("g", 1, 1, "n")}).In("f").Error(); got != strings.Join([]string{"f: m", "g:1:1: n"}, "\n") {
		t.Errorf("in a file: %s", got)
	}
}
