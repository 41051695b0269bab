package profile

import (
	"slices"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// site checks what the box's owner may change.
func (c *crosser) site() {
	s := c.p.Site
	if s == nil {
		return
	}
	if len(s.Allow) == 0 {
		c.Bad("site.allow", "is empty; accepted: one or more of hostname, addresses, vlans, time_servers, log_server, authorized_keys, password_hash, or no table [site]")
	}
	for i, k := range s.Allow {
		if slices.Index(s.Allow, k) < i {
			c.Bad(joinIndex("site.allow", i), "%q is there already", k)
		}
		if k == spec.SiteAuthorizedKeys && c.p.SSH == nil {
			c.Rows("ssh").Warn(joinIndex("site.allow", i), "is for an SSH server, and there is no table [ssh]")
		}
	}
	if d := time.Duration(s.Wait); d < time.Second || d > 2*time.Minute {
		c.Bad("site.wait", "is %s; accepted: 1s to 2m", s.Wait)
	}
}
