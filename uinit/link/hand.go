package link

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// handFile holds the names of interfaces that are by hand, one a line: another worker, after a crash, leaves them alone too.
const handFile = "/run/uinit-by-hand"

// mostNames bounds that file, in bytes.
const mostNames = 64 << 10

// Release leaves an interface, and the ports that it has, to whoever types ip(8) and sysctl(8): nothing of it is changed,
// renewed, announced or guarded, and while any is by hand, neither rules nor resolv.conf are. It returns all that are.
func (m *Manager) Release(ctx context.Context, name string) ([]string, error) {
	return m.hand(ctx, name, true)
}

// Take has them made again as the profile states. What others have added stays.
func (m *Manager) Take(ctx context.Context, name string) ([]string, error) {
	return m.hand(ctx, name, false)
}

func (m *Manager) hand(ctx context.Context, name string, over bool) (names []string, err error) {
	rows := m.wanted()
	if _, ok := rows[name]; !ok {
		known := slices.Sorted(maps.Keys(rows))
		return nil, fmt.Errorf("the profile has no interface %q%s; accepted: %s", name, suggest.DidYouMean(name, known), strings.Join(known, ", "))
	}
	for other, r := range rows {
		if other == name || r.Master == name {
			names = append(names, other)
		}
	}
	slices.Sort(names)
	done := make(chan error, 1)
	err = m.call(ctx, func(w *work) {
		err := w.handOver(names, over)
		w.step() // what is shown from now on is as it is
		done <- err
	})
	if err != nil {
		return nil, err
	}
	return names, <-done
}

// handOver hands interfaces over, or takes them back.
func (w *work) handOver(names []string, over bool) error {
	for _, name := range names {
		if delete(w.byHand, name); over {
			w.byHand[name] = true
		}
		if a := w.active[name]; a != nil && !over {
			a.dirty, a.mends = true, 0
		}
	}
	w.wrote = ""
	all := slices.Sorted(maps.Keys(w.byHand))
	w.listener.ByHand(all)
	return bounded.Write(w.handFile, []byte(strings.Join(all, "\n")), 0o600)
}

// recall remembers what an earlier worker handed over.
func (w *work) recall() {
	text, err := bounded.Read(w.handFile, mostNames)
	if err != nil {
		return // nothing was
	}
	for _, name := range strings.Fields(string(text)) {
		w.byHand[name] = true
	}
	w.listener.ByHand(slices.Sorted(maps.Keys(w.byHand)))
}
