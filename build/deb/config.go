package deb

import (
	"fmt"
	"strings"
)

// configuration renders an apt.conf(5) under which apt keeps everything below
// state and reads only sources and keyrings, those of etc, from the host. acquire
// is the host's own Acquire settings, without which a machine behind a proxy
// downloads nothing.
func configuration(state, etc, arch, acquire string) (string, error) {
	for _, path := range []string{state, etc} {
		// apt.conf knows no way to quote a quote.
		if strings.ContainsAny(path, "\"\n\\") {
			return "", fmt.Errorf("telling apt of %q: the path holds a quote, a backslash or a line break", path)
		}
	}
	var b strings.Builder
	set := func(key, value string) { fmt.Fprintf(&b, "%s \"%s\";\n", key, value) }
	set("Dir::State", state+"/state")
	set("Dir::State::status", state+"/status")
	set("Dir::Cache", state+"/cache")
	// Of 37 MB, and without installed packages the same as the other one, pkgcache.bin.
	set("Dir::Cache::srcpkgcache", "")
	set("Dir::Log", state+"/log")
	set("Dir::Etc", etc)
	// The host's further settings and its pins are not ours: they may run hooks, want
	// root or hold packages back.
	// No file in the cache stands for nothing: somebody might make it.
	for _, what := range []string{"main", "parts", "preferences", "preferencesparts"} {
		set("Dir::Etc::"+what, "/dev/null")
	}
	set("APT::Install-Recommends", "0")
	set("APT::Install-Suggests", "0")
	set("APT::Sandbox::User", "")
	set("APT::Architecture", arch)
	fmt.Fprintf(&b, "APT::Architectures {\"%s\";};\n", arch)
	// Without this a source that cannot be reached is a mere warning.
	set("APT::Update::Error-Mode", "any")
	// A build must not wait for minutes to find that there is no network. The host's
	// settings below still win.
	set("Acquire::Retries", "1")
	set("Acquire::http::Timeout", "20")
	set("Acquire::https::Timeout", "20")
	b.WriteString(acquire)
	// Without this --print-uris gives MD5 or nothing.
	set("Acquire::ForceHash", "SHA256")
	set("Acquire::Languages", "none")
	set("Acquire::IndexTargets::deb::DEP-11::DefaultEnabled", "false")
	for _, setting := range firmwareTarget {
		set("Acquire::IndexTargets::deb::Firmware::"+setting[0], setting[1])
	}
	return b.String(), nil
}

// scriptsOnly are packages that others depend on for their maintainer scripts
// alone. We run no scripts; without this perl and some thirty others would be
// downloaded along with mdadm, to be left out again.
var scriptsOnly = []string{
	"adduser", "debconf", "debconf-2.0", "dpkg", "init-system-helpers", "install-info",
	"lsb-base", "sysvinit-utils", "ucf", "usr-is-merged",
}

// installed renders the dpkg status file of a system on which nothing is installed
// but a package that stands in for scriptsOnly. Who asks for one of these by name
// still gets the real one.
func installed() string {
	provides := make([]string, len(scriptsOnly))
	for i, name := range scriptsOnly {
		provides[i] = name + " (= 9999)"
	}
	return "Package: imgbuild-runs-no-scripts\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n" +
		"Maintainer: imgbuild\nProvides: " + strings.Join(provides, ", ") + "\nDescription: stands in for what only maintainer scripts use\n"
}
