package link

import "github.com/imgbuild/imgbuild/internal/report"

// Limited shows a link that did its work as what it is: less than was asked for.
func (p passOn) Limited(name, what string) {
	unit := "link:" + name
	p.limited.Store(unit, what)
	for _, e := range p.Facts.Units() {
		if e.Name == unit && (e.State == "ok" || e.State == "degraded") {
			p.Outcomes.Again(unit)
		}
	}
}

// Revise shows a unit whose link has another MTU than its row states.
func (l *links) Revise(e report.Event) report.Event {
	if what, _ := l.limited.Load(e.Name); e.State == "ok" && what != nil && what != "" {
		e.State, e.Message = "degraded", what.(string)
	}
	return e
}
