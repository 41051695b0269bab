package profile

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/crosscheck"
	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/state"
)

// crossCheck finds what no single value shows: references to nothing, circles,
// consoles that disagree with the kernel line, a machine that nobody can enter.
// It needs nothing but the profile. What only follows from a value in doubt is left out.
func crossCheck(p *Profile, doubts problem.Doubts) Problems {
	c := crosser{problem.NewJudge(p.At, doubts), p}
	c.kernel()
	c.media()
	c.modes()
	c.consoles()
	c.access()
	c.users()
	c.unasked()
	c.resolvers()
	c.Add(crosscheck.Machine(&p.Machine, p.At, doubts))
	for _, f := range features.All() {
		if f.Check != nil {
			f.Check(c.Judge, &p.Machine)
		}
	}
	c.stateMount()
	c.needs()
	c.services()
	c.vms()
	c.claims()
	c.ssh()
	c.ports()
	state.Check(c.Judge, &c.p.Machine, "state.path", c.p.State.Path)
	c.checks()
	c.update()
	c.run()
	c.packages()
	c.lost()
	return c.Found()
}

type crosser struct {
	problem.Judge
	p *Profile
}

func (c *crosser) kernel() {
	k := c.p.Kernel
	switch {
	case k.Package == "" && k.Path == "":
		c.Bad("kernel", `names no kernel; accepted: package = "linux-image-amd64" or path = "a bzImage"`)
	case k.Package != "" && k.Path != "":
		c.Of("kernel.package").Bad("kernel.path", "stands beside kernel.package; accepted: one of them")
	case k.Path == "" && k.ModulesPath != "":
		c.Of("kernel.path").Bad("kernel.modules_path", "goes with kernel.path; a package brings its own modules")
	}
	for i, word := range k.Cmdline {
		if strings.TrimSpace(word) == "" {
			c.Bad(joinIndex("kernel.cmdline", i), `%q is not one word of a kernel line; accepted: such as "console=ttyS0,115200n8"`, word)
		}
		if strings.Count(word, `"`)%2 == 1 { // next_arg in lib/cmdline.c
			c.Bad(joinIndex("kernel.cmdline", i), `%q opens a quotation and does not close it: all that follows, up to the line's end, would be one word; accepted: such as dyndbg="file x.c +p"`, word)
		}
	}
	c.ownWords()
	c.otherWords()
	c.networkWords()
	if i := slices.Index(k.Cmdline, report.ParamTest); i >= 0 {
		c.Warn(joinIndex("kernel.cmdline", i), "lets whoever runs this image as a virtual machine run commands in it as root; accepted: in profiles for tests")
	}
	for i, name := range k.Modules {
		c.moduleName(joinIndex("kernel.modules", i), name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.p.Module)) {
		c.moduleName(joinKey("module", name), name)
		if c.empty("module", name) {
			c.Bad(joinKey("module", name), "says nothing; accepted: load = true, blacklist = true, or parameters")
		}
		if m := c.p.Module[name]; m.Load && m.Blacklist {
			c.Bad(joinKey("module", name), "is both loaded at boot and never loaded; accepted: one of load, blacklist")
		}
	}
}

// empty says whether a row is written, and no key of it, neither in the profile nor in one that it extends.
func (c *crosser) empty(table, row string) bool {
	key := joinKey(table, row)
	for other := range c.p.source.at.Key {
		if strings.HasPrefix(other, key+".") {
			return false
		}
	}
	_, written := c.p.source.at.Key[key]
	return written
}

// moduleName finds what no file of a module can be called.
func (c *crosser) moduleName(key, name string) {
	if name == "" || strings.ContainsAny(name, "/ \t\n*?[") {
		c.Bad(key, `%q is no module's name; accepted: as lsmod(8) lists them, such as "bonding"`, name)
	}
}

// consoles compares the terminals on the kernel line with those that offer a login.
func (c *crosser) consoles() {
	onLine := map[string]bool{}
	for i, word := range c.p.Kernel.Cmdline {
		value, ok := strings.CutPrefix(word, "console=")
		if !ok {
			continue
		}
		device, options, _ := strings.Cut(value, ",")
		onLine[device] = true
		key := joinIndex("kernel.cmdline", i)
		if spec.NoScreen(device) {
			c.Bad(key, "the kernel has no %s; accepted: console=tty0, or tty1 to tty%d", device, spec.Screens)
			continue
		}
		row, found := c.consoleFor(device)
		if !found {
			c.Rows("console").Bad(key, "kernel messages go to %s, but nobody can log in there; accepted: a table [%s], with login = \"off\" where that is meant",
				device, joinKey("console", screenAs(device)))
			continue
		}
		if speed := c.p.Console[row].Speed; strings.HasPrefix(device, "ttyS") && speedOf(options) != speed {
			c.Of(joinKey("console", row)+".speed").Bad(key, "the kernel speaks %d bit/s on %s and [%s] %d; accepted: the same speed in both", speedOf(options), device, joinKey("console", row), speed)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.p.Console)) {
		key := joinKey("console", name)
		if !validDevice(name) {
			c.Sure().Bad(key, `is not a terminal's name; accepted: as below /dev, such as ttyS0, tty1, hvc0, or "ttyS*" for every serial port`)
			continue
		}
		if spec.NoScreen(name) {
			c.Sure().Bad(key, "the kernel has no %s; accepted: tty1 to tty%d", name, spec.Screens)
			continue
		}
		c.terminal(key, name)
		if spec.Screen(name) || strings.HasPrefix(name, "hvc") {
			c.Vain(key, []string{"speed"}, "is for serial lines, and %s is none; accepted: on ttyS0 and its like", name)
		}
		if c.p.Console[name].Login == spec.LoginOff {
			c.Of(key+".login").Vain(key, []string{"issue", "term"}, `is for who logs in, and login = "off"; accepted: another login, or leave the key out`)
		}
		if !c.p.Console[name].Quiet && !slices.ContainsFunc(slices.Collect(maps.Keys(onLine)), func(d string) bool { return matches(name, d) }) {
			c.Of("kernel.cmdline").Bad(key, "offers a login, but the kernel's messages don't go there; accepted: console=%s in kernel.cmdline, or quiet = true here",
				strings.Replace(name, "*", "0", 1))
		}
	}
}

// consoleFor finds the row that serves a device of the kernel line, the exact one first.
func (c *crosser) consoleFor(device string) (string, bool) {
	for _, row := range slices.Backward(slices.Sorted(maps.Keys(c.p.Console))) {
		if matches(row, device) {
			return row, true
		}
	}
	return "", false
}

// matches: tty0 is whichever screen is in front, so any ttyN serves it.
func matches(row, device string) bool {
	if device == "tty0" {
		return strings.HasPrefix(row, "tty") && len(row) > 3 && row[3] >= '0' && row[3] <= '9'
	}
	ok, _ := path.Match(row, device)
	return ok
}

func screenAs(device string) string {
	if device == "tty0" {
		return "tty1"
	}
	return device
}

func validDevice(name string) bool {
	return name != "" && !strings.ContainsAny(name, "/ \t\n[]?\\") && strings.Trim(name, "*") != "" &&
		(!strings.Contains(name, "*") || strings.Index(name, "*") == len(name)-1)
}

// speedOf reads the number that starts a serial console's options: 115200n8. The
// kernel's default is 9600 (Documentation/admin-guide/serial-console.rst).
func speedOf(options string) int {
	speed := 0
	for _, r := range options {
		if r < '0' || r > '9' || speed > 1<<24 {
			break
		}
		speed = speed*10 + int(r-'0')
	}
	if speed == 0 {
		return 9600
	}
	return speed
}

// entering are the tables that say who can log in.
var entering = []string{"user", "console", "ssh", "access", "site", "mount"}

// access refuses a machine that nobody can enter by mistake.
func (c *crosser) access() {
	ssh := crosscheck.EntersBySSH(&c.p.Machine)
	enters := crosscheck.Enters(&c.p.Machine, c.p.Kernel.Cmdline)
	switch {
	case ssh && !enters && !c.p.Access.Nobody:
		c.Of(entering...).Rows(spec.LinkTables...).Of("kernel.cmdline").Bad("access", "nobody could log in: SSH is the only way in, and there is no interface; accepted: a row such as [ethernet.lan], or ip=… in kernel.cmdline")
	case !enters && !c.p.Access.Nobody:
		c.Of(entering...).Bad("access", "nobody could log in: no console with autologin, and no account with a password hash on a console that asks for one; "+
			"accepted: user.root.password_hash, [ssh] and user.root.authorized_keys, a console with login = \"autologin\", access.host_password = true, or access.nobody = true where that is meant")
	case enters && c.p.Access.Nobody:
		c.Of(entering...).Bad("access.nobody", "says that nobody can log in, but a console or account lets somebody in; accepted: leave it out")
	}
}

// sessionLeast is memory for a shell and a program.
const sessionLeast spec.Size = 16 << 20

func (c *crosser) users() {
	taken := map[uint32]string{}
	for _, name := range slices.Sorted(maps.Keys(c.p.User)) {
		u, key := c.p.User[name], joinKey("user", name)
		if name == "" || len(name) > 32 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" || name[0] == '-' || name[0] >= '0' && name[0] <= '9' {
			c.Sure().Bad(key, "is not an account name; accepted: up to 32 lower-case letters, digits, _ and -, starting with a letter")
		}
		if u.UID != nil {
			if name == "root" && *u.UID != 0 {
				c.Bad(key+".uid", "is %d; accepted: 0 for root", *u.UID)
			} else if other, dup := taken[*u.UID]; dup || name != "root" && *u.UID == 0 {
				c.Of(joinKey("user", cmpOr(other, "root"))+".uid").Bad(key+".uid", "%d belongs to %s already", *u.UID, cmpOr(other, "root"))
			}
			taken[*u.UID] = name
		}
		if u.Memory != 0 && u.Memory < sessionLeast {
			c.Bad(key+".memory", "is %s, and a shell would be ended as it starts; accepted: %s and up", u.Memory, sessionLeast)
		}
		if u.SFTPOnly != "" {
			c.sftpOnly(key, name, u)
		}
		for _, p := range []struct{ key, path string }{{"shell", u.Shell}, {"home", u.Home}} {
			if p.path != "" && (!path.IsAbs(p.path) || strings.Contains(p.path, ":")) {
				c.Bad(key+"."+p.key, "%q is not an absolute path", p.path)
			}
		}
	}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
