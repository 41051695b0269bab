package vm

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// starting bounds what somebody at a terminal waits for a guest to start.
const starting = time.Minute

// boot starts a guest with the machine.
func (g *guests) boot(ctx context.Context, name string) error {
	if g.Programs.None.Load() {
		return fmt.Errorf("left out at the console: %w", unit.ErrSkip)
	}
	return supervise.Unmanaged(g.begin(ctx, g.all[name]))
}

// begin starts a guest once its devices are there, if there is room for it.
func (g *guests) begin(ctx context.Context, one *guest) (err error) {
	defer func() { one.setStartErr(err) }()
	select {
	case <-g.prepared:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for _, name := range graph.Names(one.cfg.Disk) {
		one.setStartErr(fmt.Errorf("waiting for %s", one.cfg.Disk[name].File()))
		if err := g.await(ctx, one.cfg.Disk[name]); err != nil {
			return err
		}
	}
	if err := g.admit(one); err != nil {
		return err
	}
	return one.service.Again(ctx)
}

func (g *guests) waiting(name string) string {
	one := g.all[name]
	for _, disk := range graph.Names(one.cfg.Disk) {
		if file := one.cfg.Disk[disk].File(); strings.HasPrefix(file, "/dev/") {
			if _, err := os.Stat(file); err != nil {
				return file
			}
		}
	}
	return one.service.Waiting()
}
