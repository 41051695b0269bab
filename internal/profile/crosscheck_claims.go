package profile

import (
	"github.com/imgbuild/imgbuild/internal/claim"
	"github.com/imgbuild/imgbuild/internal/features"
)

// claims finds disks and files that two rows would have for themselves.
func (c *crosser) claims() {
	rows := features.Claims(&c.p.Machine)
	for _, clash := range claim.Clashes(&c.p.Machine, rows) {
		first, second := clash.First, clash.Second
		c.Of(first.Key).Rows("mount").Bad(second.Key, "%s %s already (%s), and %s; accepted: %s",
			second.Text, first.About, c.p.At(first.Key), clash.Reason(), clash.Accepted())
	}
	for _, e := range claim.Exposures(&c.p.Machine, rows) {
		c.Of(e.Share).Rows("mount").Warn(e.Key, "%s lies in the folder of %s (%s), whose clients may write to it", e.Text, e.Share, c.p.At(e.Share))
	}
}
