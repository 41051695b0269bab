package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// source is where the figures come from.
type source struct {
	init   *line
	kernel kernel
}

// handler answers GET /metrics.
func (s source) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		families, err := s.collect()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			http.Error(w, "nothing is known of this machine just now", http.StatusServiceUnavailable)
			return
		}
		kind, end := plainText, ""
		if strings.Contains(r.Header.Get("Accept"), "application/openmetrics-text") {
			kind, end = openMetrics, openEnd
		}
		w.Header().Set("Content-Type", kind)
		_, _ = io.WriteString(w, write(families)+end)
	})
	return mux
}

// collect puts together what is known now.
func (s source) collect() ([]family, error) {
	events, err := s.init.ask()
	if err != nil {
		return nil, err
	}
	machine, err := s.machine()
	if err != nil {
		return nil, err
	}
	return append(machine, ofInit(events)...), nil
}

// machine is what the kernel says, under node_exporter's names.
func (s source) machine() ([]family, error) {
	load, err := s.kernel.load()
	if err != nil {
		return nil, err
	}
	memory, err := s.kernel.memory()
	if err != nil {
		return nil, err
	}
	boot, err := s.kernel.bootTime()
	if err != nil {
		return nil, err
	}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return nil, fmt.Errorf("asking the kernel for its name: %w", err)
	}
	families := []family{
		gauge("node_boot_time_seconds", "Node boot time, in unixtime.", boot),
		gauge("node_time_seconds", "System time in seconds since epoch (1970).", float64(time.Now().UnixMilli())/1000),
		gauge("node_load1", "1m load average.", load[0]),
		gauge("node_load5", "5m load average.", load[1]),
		gauge("node_load15", "15m load average.", load[2]),
		{"node_uname_info", "Labeled system information as provided by the uname system call.", []series{{[]label{
			{"domainname", unix.ByteSliceToString(name.Domainname[:])}, {"machine", unix.ByteSliceToString(name.Machine[:])},
			{"nodename", unix.ByteSliceToString(name.Nodename[:])}, {"release", unix.ByteSliceToString(name.Release[:])},
			{"sysname", unix.ByteSliceToString(name.Sysname[:])}, {"version", unix.ByteSliceToString(name.Version[:])},
		}, 1}}},
	}
	for _, field := range []string{"MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached"} {
		if n, ok := memory[field]; ok {
			families = append(families, gauge("node_memory_"+field+"_bytes", "Memory information field "+field+"_bytes.", n))
		}
	}
	return families, nil
}
