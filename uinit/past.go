package main

import (
	"encoding/json"
	"fmt"

	"github.com/imgbuild/imgbuild/uinit/base/plan"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// past is what PID 1 tells a worker, as its one argument, of what was before it in this boot.
type past struct {
	// Crashes counts the workers that ended unasked; Reason is how the last of them did.
	Crashes int    `json:"crashes,omitempty"`
	Reason  string `json:"reason,omitempty"`
	// NoRescue is why somebody who asked for a rescue shell got none.
	NoRescue string `json:"no_rescue,omitempty"`
}

func (p past) String() string {
	b, err := json.Marshal(p)
	if err != nil {
		return "{}"
	}
	return string(b)
}

// parsePast reads a worker's arguments. A worker would rather know nothing than not start.
func parsePast(args []string) (p past) {
	if len(args) != 1 || json.Unmarshal([]byte(args[0]), &p) != nil {
		return past{}
	}
	return p
}

// tell shows what was before, among the units, and so above the login prompts.
func (p past) tell(w *worker) {
	if p.Crashes > 0 {
		w.Facts.Fact(plan.Crashes.Is(p.Crashes))
		w.Facts.Fact(plan.Crash.Is(p.Reason))
		text := "uinit crashed, restarted: " + p.Reason
		if p.Crashes > 1 {
			text = fmt.Sprintf("uinit crashed, restarted, %d times; the last time: %s", p.Crashes, p.Reason)
		}
		w.Outcomes.Trouble("uinit", "degraded", text)
	}
	if p.NoRescue != "" {
		w.Outcomes.Trouble("rescue", string(unit.Failed), "no shell: "+p.NoRescue)
	}
}
