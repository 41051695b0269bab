package dev

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
)

func TestParseEvent(t *testing.T) {
	got, err := ParseEvent([]byte("add@/devices/pci0000:00/virtio1/net/eth0\x00ACTION=add\x00SUBSYSTEM=net\x00INTERFACE=eth0\x00odd\x00"))
	want := Event{"add", "/devices/pci0000:00/virtio1/net/eth0", map[string]string{"ACTION": "add", "SUBSYSTEM": "net", "INTERFACE": "eth0"}}
	if err != nil || !reflect.DeepEqual(got, want) || got.Subsystem() != "net" {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"", "libudev\x00", "@/x", "add@x"} {
		if e, err := ParseEvent([]byte(bad)); err == nil {
			t.Errorf("ParseEvent(%q) = %+v", bad, e)
		}
	}
}

func FuzzParseEvent(f *testing.F) {
	f.Add([]byte("add@/devices/x\x00ACTION=add\x00MODALIAS=pci:v00\x00"))
	f.Add([]byte("libudev\x00\xfe\xed\xca\xfe"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := ParseEvent(b); err == nil && (e.Action == "" || e.Path == "" || e.Env == nil) {
			t.Errorf("%q: %+v", b, e)
		}
	})
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &Monitor{}
		var looks int
		done := make(chan error)
		go func() {
			done <- m.Wait(t.Context(), "block", func() (bool, error) { looks++; return looks == 3, nil })
		}()
		for _, e := range []Event{
			{Action: "add"}, {Action: "add", Env: map[string]string{"SUBSYSTEM": "net"}}, // nothing to look at
			{Action: "change", Env: map[string]string{"SUBSYSTEM": "block"}}, {Action: Overflow},
		} {
			synctest.Wait()
			m.Send(e)
		}
		if err := <-done; err != nil || looks != 3 {
			t.Errorf("%v after %d looks", err, looks)
		}
		if len(m.watchers) != 0 {
			t.Errorf("%d watchers left", len(m.watchers))
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := (&Monitor{}).Wait(ctx, "", func() (bool, error) { return false, nil })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		broken := errors.New("broken")
		if err := (&Monitor{}).Wait(t.Context(), "", func() (bool, error) { return false, broken }); err != broken {
			t.Error(err)
		}
	})
}

func TestASlowWatcherLearnsThatItMissedSome(t *testing.T) {
	m := &Monitor{}
	events, stop := m.Watch(nil)
	defer stop()
	for range backlog + 10 {
		m.Send(Event{Action: "add"})
	}
	overflowed := false
	for range backlog {
		overflowed = (<-events).Action == Overflow || overflowed
	}
	if !overflowed {
		t.Error("no overflow")
	}
}

// hardware is a /sys in which loading a driver brings up further devices.
type hardware struct {
	mu     sync.Mutex
	sys    fstest.MapFS
	behind map[string]string // alias → file that it brings up
	loaded []string
}

func (h *hardware) load(alias string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.loaded = append(h.loaded, alias)
	if file := h.behind[alias]; file != "" {
		sys := maps.Clone(h.sys)
		sys["bus/virtio/devices/"+file+"/modalias"] = &fstest.MapFile{Data: []byte("virtio:" + file + "\n")}
		h.sys = sys
	}
}

func TestColdplug(t *testing.T) {
	h := &hardware{
		sys: fstest.MapFS{
			"bus/pci/devices/0000:00:01.0/modalias": {Data: []byte("pci:a\n")},
			"bus/pci/devices/0000:00:02.0/modalias": {Data: []byte("pci:a\n")},
			"bus/acpi/devices/x/modalias":           {Data: []byte("\n")},
			"class/input/input0/modalias":           {Data: []byte("input:b0019")},
		},
		behind: map[string]string{"pci:a": "net", "virtio:net": "rng"},
	}
	p := &Plug{Load: h.load}
	p.Sys = fsFunc(func() fstest.MapFS { h.mu.Lock(); defer h.mu.Unlock(); return h.sys })
	p.First = func(alias string) bool { return alias == "input:b0019" }
	p.Cold(t.Context())
	want := []string{"input:b0019", "pci:a", "virtio:net", "virtio:rng"}
	if !slices.Equal(h.loaded, want) {
		t.Errorf("loaded %q, want %q", h.loaded, want)
	}
}

func TestHotplug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hardware{sys: fstest.MapFS{"bus/usb/devices/1/modalias": {Data: []byte("usb:lost")}}}
		p := &Plug{Sys: h.sys, Load: h.load}
		ctx, cancel := context.WithCancel(t.Context())
		events := make(chan Event)
		go p.Hot(ctx, events)
		usb := Event{Action: "add", Env: map[string]string{"MODALIAS": "usb:a"}}
		for _, e := range []Event{usb, usb, {Action: "remove", Env: map[string]string{"MODALIAS": "usb:b"}}, {Action: "add"}, {Action: Overflow}} {
			events <- e
			synctest.Wait()
		}
		cancel()
		if want := []string{"usb:a", "usb:lost"}; !slices.Equal(h.loaded, want) {
			t.Errorf("loaded %q, want %q", h.loaded, want)
		}
	})
}

// A shelf of disks that comes up is more events than there is room for, and few for each watcher.
func TestWatchersAreToldWhatConcernsThem(t *testing.T) {
	m := &Monitor{}
	disks, stop := m.Watch(Of("block"))
	defer stop()
	drivers, stop := m.Watch(Wants)
	defer stop()
	for range backlog - 1 {
		for _, subsystem := range []string{"scsi", "scsi_device", "scsi_disk", "scsi_generic", "bsg", "block"} {
			e := Event{Action: "add", Env: map[string]string{"SUBSYSTEM": subsystem}}
			if subsystem == "scsi" {
				e.Env["MODALIAS"] = "scsi:t-0x00"
			}
			m.Send(e)
		}
	}
	m.Send(Event{Action: Overflow}) // which concerns everybody
	for name, events := range map[string]<-chan Event{"disks": disks, "drivers": drivers} {
		if len(events) != backlog {
			t.Errorf("%s: %d events, want %d", name, len(events), backlog)
		}
		for range backlog - 1 {
			if e := <-events; e.Action == Overflow {
				t.Fatalf("%s: some were lost", name)
			}
		}
	}
}
