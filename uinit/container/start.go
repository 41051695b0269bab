package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/container/plan"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// starting bounds what somebody at a terminal waits for a container to start.
const starting = time.Minute

// boot starts a container with the machine.
func (c *containers) boot(ctx context.Context, one *container) error {
	if c.Programs.None.Load() {
		return fmt.Errorf("left out at the console: %w", unit.ErrSkip)
	}
	return supervise.Unmanaged(c.begin(ctx, one))
}

// begin starts a container once what all need is there.
func (c *containers) begin(ctx context.Context, one *container) error {
	select {
	case <-c.prepared:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if one.imageErr != nil {
		return one.imageErr
	}
	if err := c.openDisk(ctx, one); err != nil {
		one.setStartErr(err)
		return err
	}
	return one.service.Again(ctx)
}

// start starts a run of a container, for its supervisor.
func (c *containers) start(one *container) (supervise.Process, error) {
	p := &process{containers: c, one: one}
	p.wanted, p.stopping = context.WithCancel(c.Life)
	return p, p.launch()
}

// launch starts crun, which ends with the container.
func (p *process) launch() (err error) {
	defer func() { p.one.setStartErr(err) }()
	began := time.Now()
	r, err := p.containers.furnish(p.one)
	if err != nil {
		return err
	}
	defer closeAll(r.volumes)
	r.ended = make(chan struct{})
	hook, err := p.containers.awaitHook(p.one, func(pid int) {
		p.one.setNow(pid, time.Now())
		p.containers.Facts.Fact(plan.Started.Of(p.one.name).Is(report.Seconds(time.Since(began))))
	})
	if err != nil {
		return err
	}
	now, err := p.containers.launch(r)
	if err != nil {
		return errors.Join(err, hook.close())
	}
	p.set(now, hook, r.ended)
	return nil
}

// furnish gets ready what a container stands on, and is shown.
func (c *containers) furnish(one *container) (r room, err error) {
	r.container = one
	if r.layers, err = c.layers.attach(one.image); err != nil {
		return r, err
	}
	if err := c.writeFiles(one); err != nil {
		return r, err
	}
	if err := one.prepareDisk(r.layers); err != nil {
		return r, err
	}
	var owners *os.File
	if one.cfg.Has(spec.ContainerUser) && len(one.cfg.Volume) > 0 {
		if owners, err = c.owners.of(one.image.First); err != nil {
			return r, err
		}
	}
	r.volumes, err = takeVolumes(c.Machine.Now(), one.cfg, owners)
	return r, err
}
