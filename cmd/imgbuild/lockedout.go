package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/internal/crosscheck"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/site"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// lockedOut is a machine that starts from a medium in a real box, as far as it says who can log in there.
type lockedOut struct {
	machine    *spec.Machine
	kernelLine []string
	// medium is what it starts from; profile is where more can be said, "" where nobody knows; site: the medium has a partition
	// for a site.toml.
	medium, profile string
	site            bool
}

// warnBuilt says loudly when nobody could log in to a real box that starts from what was just built. A virtual machine of QEMU's
// gets a kernel by itself; all else is a medium.
func (a *app) warnBuilt(p *profile.Profile) {
	var media []string
	for _, f := range p.Formats {
		if f != profile.FormatKernel {
			media = append(media, string(f))
		}
	}
	if len(media) == 0 {
		return
	}
	name := p.File().Name
	if shipped, is := strings.CutPrefix(name, "shipped:"); is {
		name = fmt.Sprintf("a profile of your own (imgbuild new mybox --from %s)", shipped)
	}
	a.warnLockedOut(lockedOut{&p.Machine, p.Kernel.Cmdline, "this " + strings.Join(media, " and this "), name,
		p.Writes(profile.FormatDisk, profile.FormatISO)})
}

// warnFlashed says so of an image that was just written to a disk, where it is one of ours.
func (a *app) warnFlashed(ctx context.Context, m *image.Image, onto string) {
	found, err := image.Describe(ctx, m, func(m *spec.Machine) bool { return crosscheck.LockedOut(m, nil) == "" })
	if err != nil || found.Machine == nil { // a stranger's, which may well let somebody in
		return
	}
	machine := found.Machine
	if found.Site != nil {
		if wanted, _ := site.Read(site.Name, found.Site, machine); wanted != nil {
			machine = wanted
		}
	}
	a.warnLockedOut(lockedOut{machine, found.KernelLine, onto, "the profile", true})
}

func (a *app) warnLockedOut(l lockedOut) {
	why := crosscheck.LockedOut(l.machine, l.kernelLine)
	if why == "" || a.quiet {
		return
	}
	fmt.Fprintf(a.stderr, "\nWARNING: NOBODY CAN LOG IN to a real machine that starts from %s:\n%s.\n", l.medium, why)
	if lines := l.bySite(); l.site && lines != "" {
		fmt.Fprintf(a.stderr, "\nIn site.toml, on the medium's partition \"esp\", which any laptop can edit:\n\n%s", lines)
	}
	fmt.Fprintf(a.stderr, "\nIn %s, and built again, one of these:\n\n%s\n", l.profile, l.byProfile())
}

const (
	someHash = `password_hash = "$6$..."                            # what "openssl passwd -6" prints`
	someKey  = `authorized_keys = ["ssh-ed25519 AAAA... me@laptop"]`
)

// bySite are the lines that let somebody in where the profile lets the owner write them.
func (l lockedOut) bySite() string {
	var lines []string
	if l.machine.Allows(spec.SitePasswordHash) && asks(l.machine) {
		lines = append(lines, someHash)
	}
	if l.machine.Allows(spec.SiteAuthorizedKeys) && l.machine.SSH != nil {
		lines = append(lines, someKey)
	}
	if len(lines) == 0 {
		return ""
	}
	return indented(append([]string{"[user." + l.account() + "]"}, lines...))
}

func (l lockedOut) byProfile() string {
	var lines []string
	if asks(l.machine) {
		lines = append(lines, "[user.root]", someHash, "")
	} else {
		lines = append(lines, "[console.tty1]", `login = "autologin"                                 # a root shell for whoever is there`, "")
	}
	if l.machine.SSH == nil {
		lines = append(lines, "[ssh]")
	}
	return indented(append(lines, "[user."+l.account()+"]", someKey))
}

// account is one that the SSH server lets in.
func (l lockedOut) account() string {
	if l.machine.SSH != nil && !*l.machine.SSH.Root {
		return "admin"
	}
	return "root"
}

// asks says whether a terminal asks for a password.
func asks(m *spec.Machine) bool {
	for _, c := range m.Console {
		if c.Login == spec.LoginPassword {
			return true
		}
	}
	return false
}

func indented(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		if line != "" {
			line = "    " + line
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}
