package qemu

import (
	"encoding/json"
	"net"
	"testing"
	"testing/synctest"

	"github.com/imgbuild/imgbuild/internal/report"
)

func TestControl(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, guest := net.Pipe()
		defer host.Close()
		log := report.NewLog()
		c := NewControl(host, log)
		go log.Read(host)
		requests := make(chan report.Request, 10)
		go func() {
			for in := json.NewDecoder(guest); ; {
				var r report.Request
				if in.Decode(&r) != nil {
					close(requests)
					return
				}
				requests <- r
				exit := 3
				switch {
				case len(r.Command) > 0:
					// An answer to something else comes first.
					json.NewEncoder(guest).Encode(report.Event{Kind: report.KindReply, ID: r.ID + 7})
					json.NewEncoder(guest).Encode(report.Event{Kind: report.KindReply, ID: r.ID, Exit: &exit, Output: "hi"})
				case r.Power != "":
					json.NewEncoder(guest).Encode(report.Event{Kind: report.KindDone, State: r.Power})
				}
			}
		}()
		reply, err := c.Request(t.Context(), report.Request{Command: []string{"true"}})
		if err != nil || *reply.Exit != 3 || reply.Output != "hi" {
			t.Errorf("Request = %+v, %v", reply, err)
		}
		go c.acknowledge(t.Context())
		done, err := c.Request(t.Context(), report.Request{Power: "poweroff"})
		if err != nil || done.Kind != report.KindDone {
			t.Errorf("Request = %+v, %v", done, err)
		}
		<-requests
		<-requests
		if ack := <-requests; !ack.Ack || ack.ID != 3 {
			t.Errorf("after done the guest was sent %+v", ack)
		}
		log.End()
		guest.Close()
		if _, err := c.Request(t.Context(), report.Request{Command: []string{"true"}}); err == nil {
			t.Error("Request to a guest that is gone has no error")
		}
	})
}
