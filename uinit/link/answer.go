package link

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/status"
)

// Answers is what "uinitctl link" asks for.
func (l *links) Answers() map[string]status.Stream {
	return map[string]status.Stream{"link": func(ctx context.Context, args []string, send func(report.Event) error) error {
		return l.answer(ctx, args, feature.Asker(send))
	}}
}

func (l *links) answer(ctx context.Context, args []string, to feature.Asker) error {
	if !l.made.Load() && len(l.planned) > 0 { // who makes the manager now has it do what site.toml may have changed yet
		return fmt.Errorf("interfaces come later in the boot, which \"uinitctl status\" shows; ask again then")
	}
	switch {
	case len(args) == 0 || len(args) == 1 && args[0] == "status":
		for _, line := range l.manager().Lines() {
			to.Tell("%s", line)
		}
		return nil
	case len(args) == 2 && args[0] == "release":
		names, err := l.manager().Release(ctx, args[1])
		if err != nil {
			return err
		}
		to.Tell("%s: by hand; nothing of it is changed or renewed, and nothing of resolv.conf and net.* settings, until \"uinitctl link take %s\"",
			strings.Join(names, ", "), args[1])
		return nil
	case len(args) == 2 && args[0] == "dhcp":
		return l.ask(ctx, args[1], to)
	case len(args) == 2 && args[0] == "take":
		names, err := l.manager().Take(ctx, args[1])
		if err != nil {
			return err
		}
		to.Tell("%s: as the profile says again; addresses and routes that were added by hand stay", strings.Join(names, ", "))
		return nil
	}
	return fmt.Errorf("accepted: link status, link dhcp NAME, link release NAME, link take NAME")
}

// ask asks by DHCP by a person's wish, and says what came of it.
func (l *links) ask(ctx context.Context, name string, to feature.Asker) error {
	last := ""
	err := l.manager().DHCP(ctx, name, func(what string) {
		if what != last && what != "" {
			to.Tell("waiting: %s", what)
		}
		last = what
	})
	if err != nil {
		return err
	}
	for _, line := range l.manager().Lines() {
		if word, _, _ := strings.Cut(line, " "); word == name {
			to.Tell("%s", line)
		}
	}
	return nil
}

// Lines say how each interface is, in the order of their names.
func (m *Manager) Lines() (lines []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range graph.Names(m.rows) { // none else may change them now
		v, begun := m.views[name]
		state, more := "online", v.missing()
		switch {
		case v.byHand:
			state, more = "by hand", ""
		case !begun:
			state, more = "waiting", "for its turn in the boot"
		case more != "":
			state = "offline"
		}
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%-15s %-8s %s", name, state, strings.Join(append(v.usable(), more), "  ")), " "))
	}
	return lines
}

// ByHand shows which interfaces are left to a person, wherever people look, and tells those who look after settings of theirs.
func (p passOn) ByHand(names []string) {
	p.News.ByHand(names)
	for _, name := range append(graph.Names(p.Machine.Now().Links()), names...) {
		by := slices.Contains(names, name)
		for _, unit := range []string{"link:", "online:", "wireguard:"} {
			p.Facts.ByHand(unit+name, by)
		}
		note := ""
		if by {
			note = name + ` is by hand; "uinitctl link take ` + name + `" has it as the profile says again`
		}
		p.Facts.Note("by hand:"+name, note)
	}
}
