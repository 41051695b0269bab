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
		if k.Console != "" {
			if _, served := c.consoleFor(k.Console); !served {
				c.Rows("console").Bad(key+".console", "there is no [%s]%s", joinKey("console", k.Console), suggest.DidYouMean(k.Console, slices.Sorted(maps.Keys(c.p.Console))))
			}
		}
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
