//go:build !nonflog

package main

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/imgbuild/imgbuild/uinit/log/journal"
	"github.com/imgbuild/imgbuild/uinit/nflog"
)

// packetLog is the name under which logged packets are records.
const packetLog = "packets"

// packetElement is their structured data. The number is the one for documentation (RFC 5612): there is
// no enterprise behind this.
const packetElement = "packet@32473"

// logPackets makes records of what rules log to the profile's groups, for as long as the machine runs.
func (w *worker) logPackets(context.Context) error {
	if err := w.Kmod.Load("nfnetlink_log"); err != nil {
		return err
	}
	log := w.Machine.Now().Firewall.Log
	source, err := nflog.Open(log.Groups)
	if err != nil {
		return err
	}
	total, names := uint64(0), portNames{}
	go func() {
		err := source.Read(w.Life, &nflog.Limits{Rate: log.Rate, Burst: log.Burst},
			func(p nflog.Packet) { w.records.ring.Add(packetRecord(p.Fields(names.of))) },
			func(lost []nflog.Lost) {
				for _, l := range lost {
					total += l.Packets
					w.records.ring.Add(packetRecord([]nflog.Field{{Name: "rule", Value: l.Rule}, {Name: "lost", Value: strconv.FormatUint(l.Packets, 10)}}))
				}
				w.Facts.Fact("nflog.lost", total)
			})
		if err != nil {
			w.Log.Error(fmt.Sprintf("nflog: %v", err))
		}
	}()
	return nil
}

func packetRecord(fields []nflog.Field) journal.Record {
	data := journal.Element{ID: packetElement}
	for _, f := range fields {
		data.Params = append(data.Params, journal.Param{Name: f.Name, Value: f.Value})
	}
	return journal.Record{At: uptime(), Facility: journal.Kernel, Severity: journal.Info, Program: packetLog, Message: nflog.Text(fields), Data: data}
}

// portNames remembers names of interfaces. They get these before they come up, and an index is never used again.
type portNames map[int]string

func (n portNames) of(index int) string {
	name, known := n[index]
	if known {
		return name
	}
	i, err := net.InterfaceByIndex(index)
	if err != nil {
		return "#" + strconv.Itoa(index) // gone already
	}
	n[index] = i.Name
	return i.Name
}
