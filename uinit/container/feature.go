// Package container runs the machine's containers: by crun, each supervised like a service.
package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/container/plan"
	"github.com/imgbuild/imgbuild/uinit/container/publish"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/mount"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
)

// Linked is the feature [container.*].
var Linked = feature.Linked{
	Name: "container", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return newContainers(d) },
	Words:    words,
	Verbs:    map[string]func(args []string) int{"container": ctlMain},
	Programs: map[string]func(args []string) int{hookName: hookMain},
}

// containers are the machine's.
type containers struct {
	*feature.Deps
	all       map[string]*container
	prepared  chan struct{} // closed by prepare
	layers    layers
	owners    owners
	published *publish.Network
	turns     mount.Turns
	seen      alone.Memo[mount.Seen]
	hook      []string // how crun starts hookMain
}

func newContainers(d *feature.Deps) *containers {
	c := &containers{Deps: d, all: map[string]*container{}, prepared: make(chan struct{})}
	c.layers.each, c.owners.each = map[string]*layer{}, map[uint32]*os.File{}
	c.published, c.hook = publish.New(d.Machine.Now), []string{supervise.Sandboxed()[0], hookName}
	for number, name := range graph.Names(d.Machine.Now().Container) {
		c.all[name] = c.newContainer(name, number)
	}
	d.News.OnResolver(c.resolve)
	return c
}

func (c *containers) newContainer(name string, number int) *container {
	one := &container{name: name, cfg: c.Machine.Now().Container[name], dir: spec.ContainerDir(name), number: number}
	one.image, one.imageErr = readImage(name)
	one.service = supervise.New("container:"+name, supervised(one.cfg), supervise.Deps{
		Start: func(string, spec.Service) (supervise.Process, error) { return c.start(one) },
		Fact:  func(f fact.Fact) { c.Facts.Fact(f) },
		As:    supervise.Facts{State: plan.State.Of(name), Exit: plan.Exit.Of(name), Restarts: plan.Restarts.Of(name)},
		Sign:  "its start",
		Ready: one.ready,
		Tell:  func(trouble error) { c.Outcomes.SetTrouble("container:"+name, trouble) },
		Log:   func(format string, args ...any) { c.Log.Warn(fmt.Sprintf(format, args...)) },
	})
	return one
}

// prepare brings what all containers stand on.
func (c *containers) prepare(ctx context.Context) error {
	defer close(c.prepared)
	var failed []error
	for _, module := range plan.Modules {
		failed = append(failed, c.Kmod.Load(module))
	}
	failed = append(failed, c.settle(), c.prepareNetwork(ctx))
	for name, one := range c.all {
		c.Facts.Fact(plan.State.Of(name).Is(string(one.service.State())))
		if one.imageErr == nil {
			c.Facts.Fact(plan.Image.Of(name).Is(one.image.Digest))
		}
		if one.cfg.System {
			_, err := one.terminal.Listen(consoleSocket(name))
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// Step is the work behind "containers" and "container:NAME".
func (c *containers) Step(unit string) feature.Step {
	name, one := strings.CutPrefix(unit, "container:")
	if !one {
		return feature.Step{Run: c.prepare}
	}
	return feature.Step{
		Run:     func(ctx context.Context) error { return c.boot(ctx, c.all[name]) },
		Waiting: func() string { return c.all[name].waiting() },
	}
}

// Trouble is what is wrong with the container behind "container:NAME".
func (c *containers) Trouble(unit string) (trouble error, known bool) {
	if name, ok := strings.CutPrefix(unit, "container:"); ok && c.all[name] != nil {
		return c.all[name].service.Trouble()
	}
	return nil, false
}
