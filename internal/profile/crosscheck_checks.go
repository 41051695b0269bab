package profile

import (
	"maps"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// checks compares the [check.*] tables with the machine they speak of.
func (c *crosser) checks() {
	units, facts := c.units(), features.Facts(c.p.Description())
	names := slices.Sorted(maps.Keys(c.p.Check))
	for _, name := range names {
		k, key := c.p.Check[name], joinKey("check", name)
		for _, problem := range k.Validate() {
			c.Of(key).Bad(joinKeyIf(key, problem.Key), "%s", problem.Msg)
		}
		if k.After != "" && !slices.Contains(names, k.After) {
			c.Ref(k.After, "check").Bad(key+".after", "there is no [%s]%s", joinKey("check", k.After), suggest.DidYouMean(k.After, names))
		}
		c.afterOnBox(name)
		if k.Console != "" {
			if _, served := c.consoleFor(k.Console); !served {
				c.Rows("console").Bad(key+".console", "there is no [%s]%s", joinKey("console", k.Console), suggest.DidYouMean(k.Console, slices.Sorted(maps.Keys(c.p.Console))))
			} else if len(k.Console) != 5 || k.Console < "ttyS0" || k.Console > "ttyS3" { // boot.Serials
				c.Bad(key+".console", "%s cannot be watched from outside; accepted: ttyS0 to ttyS3", k.Console)
			}
		}
		if c.p.At(key+".within") != c.p.At(key) && k.Within > c.p.Run.Timeout {
			c.Of("run.timeout").Bad(key+".within", "is %s, longer than run.timeout, %s, at which a run ends; accepted: up to that, or a longer run.timeout", k.Within, c.p.Run.Timeout)
		}
		c.words(key, k.Command)
		if k.Unit != "" && !slices.Contains(units, k.Unit) && !strings.HasPrefix(k.Unit, "console:") {
			c.unitRef(k.Unit).Bad(key+".unit", "nothing is called %q%s", k.Unit, suggest.DidYouMean(k.Unit, units))
		}
		if k.Fact != "" {
			c.fact(key, k, facts)
		}
	}
	for _, name := range names {
		if circle := afterCircle(c.p, name); circle != nil {
			var afters []string
			for _, other := range circle {
				afters = append(afters, joinKey("check", other)+".after")
			}
			c.Of(afters...).Bad(joinKey("check", name)+".after", "checks wait for each other in a circle: %s", strings.Join(circle, " → "))
			return
		}
	}
}

// words finds commands that are written as one word: a program's name has no blanks.
func (c *crosser) words(key string, command []string) {
	if len(command) == 1 && strings.Contains(strings.TrimSpace(command[0]), " ") {
		c.Bad(key+".command", "%q is one word, and no program is called so; accepted: its arguments each by themselves, such as [\"uname\", \"-s\"]", command[0])
	}
}

func joinKeyIf(path, key string) string {
	if key == "" {
		return path
	}
	return path + "." + key
}

// afterCircle follows the chain of after from name; it returns the chain when
// it comes back to name.
func afterCircle(p *Profile, name string) []string {
	chain := []string{name}
	for at := p.Check[name].After; at != ""; at = p.Check[at].After {
		chain = append(chain, at)
		if at == name {
			return chain
		}
		if len(chain) > len(p.Check) {
			return nil
		}
	}
	return nil
}
