package profile

import (
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// ssh holds the SSH server to its table. That a machine with it can be entered is access' concern.
func (c *crosser) ssh() {
	s := c.p.SSH
	if s == nil {
		return
	}
	if s.Port < 1 || s.Port > 65535 {
		c.Bad("ssh.port", "is %d; accepted: 1 to 65535", s.Port)
	}
	if s.MaxPending < 1 || s.MaxPending > 1000 {
		c.Bad("ssh.max_pending", "is %d; accepted: 1 to 1000", s.MaxPending)
	}
	if s.LoginGrace <= 0 {
		c.Bad("ssh.login_grace", "is %s; accepted: more than 0s", s.LoginGrace)
	}
	c.stateDir("ssh.state", s.State)
	if !c.entersBySSH() {
		c.Of("user", "access", "site").Bad("ssh", "nobody could log in by SSH: no account has keys; accepted: user.NAME.authorized_keys, or password = true here and user.NAME.password_hash")
	}
	if _, taken := c.p.Service[spec.SSHService]; taken {
		c.Sure().Bad(joinKey("service", spec.SSHService), "is the name of the SSH server that [ssh] asks for; accepted: another name")
	}
}

// entersBySSH says whether somebody has a key, or a password where those are taken, or gets one by
// site.toml.
func (c *crosser) entersBySSH() bool {
	if c.p.SSH == nil {
		return false
	}
	if c.p.Allows(spec.SiteAuthorizedKeys) || c.p.SSH.Password && c.p.Allows(spec.SitePasswordHash) {
		return true
	}
	for _, u := range c.p.User {
		if len(u.AuthorizedKeys) > 0 || c.p.SSH.Password && u.PasswordHash != "" {
			return true
		}
	}
	return c.p.SSH.Password && c.p.Access.HostPassword
}

func (c *crosser) watchdog() {
	w := c.p.Watchdog
	if w == nil {
		return
	}
	if d := time.Duration(w.Timeout); d < 5*time.Second || d > 10*time.Minute {
		c.Bad("watchdog.timeout", "is %s; accepted: 5s to 10m", w.Timeout)
	}
}
