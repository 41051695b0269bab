package dev

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

// aliases reads the modalias of each device in sys, the tree at /sys: those on a bus, and input
// devices, which are on none. Devices in read were read before; those that are new are added. Sorted,
// each alias once.
func aliases(sys fs.FS, read map[string]bool) []string {
	dirs := []string{"class/input"}
	buses, _ := fs.ReadDir(sys, "bus") // a kernel without any has no devices either
	for _, bus := range buses {
		dirs = append(dirs, "bus/"+bus.Name()+"/devices")
	}
	var found []string
	for _, dir := range dirs {
		devices, _ := fs.ReadDir(sys, dir)
		for _, device := range devices {
			file := dir + "/" + device.Name() + "/modalias"
			if read[file] {
				continue
			}
			read[file] = true
			// Most devices of some buses have none, and any may go while we look at it.
			if b, err := fs.ReadFile(sys, file); err == nil {
				if alias := strings.TrimSpace(string(b)); alias != "" {
					found = append(found, alias)
				}
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// Plug loads drivers for devices: for those there are, for those that come up as a
// consequence, and for those that are plugged in later.
type Plug struct {
	// Sys is the tree at /sys.
	Sys fs.FS
	// Load loads the drivers for a modalias; what fails it reports itself.
	Load func(modalias string)
	// First says which aliases go before the others: entropy, above all.
	First func(modalias string) bool

	mu   sync.Mutex
	done map[string]bool
}

// Cold loads drivers for the devices that are there until no new ones come up.
// Drivers that find their devices in the background (USB) show up in Hot.
func (p *Plug) Cold(ctx context.Context) {
	read := map[string]bool{}
	for ctx.Err() == nil {
		var first, rest []string
		for _, alias := range aliases(p.Sys, read) {
			switch {
			case !p.claim(alias):
			case p.First != nil && p.First(alias):
				first = append(first, alias)
			default:
				rest = append(rest, alias)
			}
		}
		if len(first)+len(rest) == 0 {
			return
		}
		p.loadAll(first)
		p.loadAll(rest)
	}
}

// Wants says of events whether they are of devices that may want a driver.
func Wants(e Event) bool { return e.Action == "add" && e.Env["MODALIAS"] != "" }

// Hot loads drivers for devices as they come, until ctx ends.
func (p *Plug) Hot(ctx context.Context, events <-chan Event) {
	for {
		select {
		case e := <-events:
			alias := e.Env["MODALIAS"]
			switch {
			case e.Action == Overflow:
				p.Cold(ctx)
			case Wants(e) && p.claim(alias):
				// Probing may take its time; the next device must not wait for it.
				go p.Load(alias)
			}
		case <-ctx.Done():
			return
		}
	}
}

// claim says whether nobody has loaded for this alias so far.
func (p *Plug) claim(alias string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done == nil {
		p.done = map[string]bool{}
	}
	was := p.done[alias]
	p.done[alias] = true
	return !was
}

// loadAll loads side by side: most of the time goes by waiting for hardware.
func (p *Plug) loadAll(aliases []string) {
	const workers = 8
	queue := make(chan string)
	var all sync.WaitGroup
	for range min(workers, len(aliases)) {
		all.Go(func() {
			for alias := range queue {
				p.Load(alias)
			}
		})
	}
	for _, alias := range aliases {
		queue <- alias
	}
	close(queue)
	all.Wait()
}
