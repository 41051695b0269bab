package nflog

import (
	"context"
	"fmt"

	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/nflog/plan"
)

// Linked is the feature [firewall.log].
var Linked = feature.Linked{Name: "nflog", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return packets{d} }}

type packets struct{ *feature.Deps }

// Step is the work behind "nflog".
func (p packets) Step(string) feature.Step { return feature.Step{Run: p.listen} }

// listen makes records of what rules log to the machine's groups, for as long as it runs.
func (p packets) listen(context.Context) error {
	if err := p.Kmod.Load("nfnetlink_log"); err != nil {
		return err
	}
	cfg := p.Machine.Now().Firewall.Log
	source, err := Open(cfg.Groups)
	if err != nil {
		return err
	}
	total, names := uint64(0), portNames{}
	go func() {
		err := source.Read(p.Life, &Limits{Rate: cfg.Rate, Burst: cfg.Burst},
			func(packet Packet) { p.Records.Add(record(packet.Fields(names.of))) },
			func(lost []Lost) {
				for _, l := range lost {
					total += l.Packets
					p.Records.Add(record(l.Fields(names.of)))
				}
				p.Facts.Fact(plan.Lost.Is(int64(total)))
			})
		if err != nil {
			p.Log.Error(fmt.Sprintf("nflog: %v", err))
		}
	}()
	return nil
}
