package plan

import (
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// check finds what is wrong with [update] but for its keys: what parses these stays in whatever imports it, the init as well. Which checks
// prove a version is the profile's to say, and not the machine's.
func check(j problem.Judge, m *spec.Machine) {
	u := m.Update
	if u == nil {
		return
	}
	checkSource(j, u.Source)
	if !slices.Contains([]string{spec.UpdateApply, spec.UpdateDownload, spec.UpdateOff}, u.Auto) {
		j.Bad("update.auto", "%q; accepted: apply, download, off", u.Auto)
	} else if u.Source == "" && u.Auto != spec.UpdateOff {
		j.Of("update.source").Bad("update.auto", "is %q, and there is nowhere to ask for versions; accepted: with update.source, or \"off\"", u.Auto)
	}
	if _, ok := ParseWindow(u.Window); !ok && u.Window != "" {
		j.Bad("update.window", "%q is no time of the day; accepted: such as \"02:00-04:30\", in UTC", u.Window)
	} else if u.Auto != spec.UpdateApply {
		j.Of("update.auto").Vain("update", []string{"window"}, "is when a version is started by itself, and auto = %q; accepted: with auto = \"apply\"", u.Auto)
	}
	if u.MinimumVersion != "" {
		if err := slot.CheckVersion(u.MinimumVersion); err != nil {
			j.Bad("update.minimum_version", "%v", err)
		}
	}
	switch {
	case u.CA != "" && u.Source == "":
		j.Of("update.source").Bad("update.ca", "is for the source's server, and there is no source; accepted: with update.source")
	case u.CA != "" && !path.IsAbs(u.CA):
		j.Bad("update.ca", "%q is not an absolute path; accepted: that of a file in the image, such as /etc/ssl/update.pem", u.CA)
	}
	if u.Source == "" {
		j.Of("update.source").Vain("update", []string{"interval"}, "is how often the source is asked, and there is none; accepted: with update.source")
	} else if t := m.Time; len(t.Servers) == 0 && !t.DHCP && !m.Allows(spec.SiteTimeServers) {
		j.Of("time.servers", "time.dhcp", "site").Warn("update.source", "its server's certificate is judged by the machine's clock, which nothing sets; accepted: time.servers, or time.dhcp = true")
	}
}

// port says whether a port can be one; an address without one has that of https.
func port(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return text == "" || err == nil && n > 0
}

// checkSource judges where versions are asked for. An account in it is not shown.
func checkSource(j problem.Judge, source string) {
	if source == "" {
		return
	}
	const accepted = "https://HOST/PATH/NAME.update, without an account, ? and #"
	u, err := url.Parse(source)
	switch {
	case err == nil && u.User != nil:
		j.Bad("update.source", "has an account in it, and who reads the log of the box would know that; accepted: %s", accepted)
	case err != nil || u.Scheme != "https" || u.Hostname() == "" || !port(u.Port()) || strings.ContainsAny(source, "?#\\") || strings.ContainsFunc(source, func(r rune) bool { return r <= ' ' || r > '~' }) ||
		path.Clean(u.Path) != u.Path || path.Ext(u.Path) != ".update" || path.Base(u.Path) == ".update":
		j.Bad("update.source", "%q is not where a version can be; accepted: %s", source, accepted)
	}
}
