package update

import (
	"fmt"

	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/uinit/feature"
)

func (u *updater) status(to feature.Asker) error {
	r, whole, err := u.book.read()
	if err != nil {
		return err
	}
	for _, n := range slot.Names {
		s, about := r.Of(n), ""
		switch {
		case n == u.on.running:
			about = "runs"
		case s.State == slot.Writing && !u.turn.busy():
			about = "broken off; \"uinitctl update apply\" goes on with it"
		case s.State == slot.Next && r.Tries == 0:
			about = "no tries are left; \"uinitctl update apply\" gives it new ones"
		case s.State == slot.Next:
			about = fmt.Sprintf("the next start tries it, up to %d times", r.Tries)
		}
		if n == r.Start && s.State == slot.Good {
			about = join(about, "starts")
		}
		if s.Why != "" {
			about = join(about, s.Why)
		}
		to.Tell("%s  %-8s %s", n, s.State, join(s.Version, about))
	}
	if !whole {
		to.Tell("One copy of the record is damaged; the next write mends it.")
	}
	for _, e := range u.Facts.Facts() {
		text, _ := e.Value.(string)
		switch {
		case text == "":
		case e.Name == "update.available":
			to.Tell("%s has %s.", u.Machine.Now().Update.Source, text)
		case e.Name == "update.doing":
			to.Tell("At the moment: %s.", text)
		}
	}
	return nil
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ", " + b
}
