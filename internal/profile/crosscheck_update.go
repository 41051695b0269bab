package profile

import (
	"maps"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/check"
	"github.com/imgbuild/imgbuild/internal/sshkey"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// onBox says whether a check proves a version on the box.
func onBox(c check.Check) bool { return c.OnBox }

// update asks for what proves a version: one that nothing proves would count as good whatever it is.
func (c *crosser) update() {
	if c.p.Update == nil {
		return
	}
	c.updateKeys(c.p.Update.Keys)
	if !slices.ContainsFunc(slices.Collect(maps.Values(c.p.Check)), onBox) {
		c.Of("check").Bad("update", "nothing says when a new version is good; accepted: on_box = true in one or more [check.NAME]")
	}
}

// afterOnBox holds a check that is for the box to come after one that is so, too.
func (c *crosser) afterOnBox(name string) {
	k := c.p.Check[name]
	if before, there := c.p.Check[k.After]; there && k.OnBox && !before.OnBox {
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(c.p.Check)), func(n string) bool { return !c.p.Check[n].OnBox || n == name })
		c.Of(joinKey("check", k.After)).Bad(joinKey("check", name)+".after", "[%s] does not run on the box, and this check does; accepted: on_box = true there, too%s", joinKey("check", k.After), suggest.DidYouMean(k.After, names))
	}
}

// Proof are the checks that prove a version on the box.
func (p *Profile) Proof() map[string]check.Check {
	all := maps.Clone(p.Check)
	maps.DeleteFunc(all, func(_ string, c check.Check) bool { return !c.OnBox })
	return all
}

// updateKeys judges who may sign. What ssh-keygen signs with, an SSH server takes as well.
func (c *crosser) updateKeys(keys []string) {
	if len(keys) == 0 {
		c.Bad("update.keys", "is empty, and a version that nobody signed is not taken; accepted: one or more public keys")
	}
	for i, line := range keys {
		key := joinIndex("update.keys", i)
		if err := sshkey.Check(line); err != nil {
			c.Bad(key, "%v", err)
			continue
		}
		word, _, _ := strings.Cut(strings.TrimLeft(line, " \t"), " ")
		if !slices.ContainsFunc([]string{"ssh-", "ecdsa-", "sk-"}, func(begin string) bool { return strings.HasPrefix(word, begin) }) {
			c.Bad(key, "has options, which are for logins; accepted: the key without them")
		}
	}
}
