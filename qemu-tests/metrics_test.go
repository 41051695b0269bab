package qemu_tests

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/report"
)

// The program beside the init tells strangers how the machine is, has no right to anything else, and is no way to take the
// machine's memory.
func TestMetrics(t *testing.T) {
	t.Parallel()
	a := extended(t, cloud+"[metrics]\n[service.ends]\ncommand = [\"/bin/false\"]\nrestart = \"never\"\n", map[string]string{})
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	address := "127.0.0.1:" + freePort(t)
	vm.Config.NICs[0].Backend = "user,hostfwd=tcp:" + address + "-:9100"
	g := startFor(t, vm.Config, 2*limit)
	until(t, g, "the address", func(s *report.State) bool {
		return s.Boot != nil && s.Units["online:lan"].State == "ok" && s.Units["service:metrics"].State == "ok"
	})
	state(t, g, "service:ends", "failed: exit status 1")

	series := scrape(t, address)
	for _, want := range []string{
		`imgbuild_boot_ok{} 0`, `imgbuild_unit_state{state="failed",unit="service:ends"} 1`, `imgbuild_unit_state{state="ok",unit="link:lan"} 1`,
		`node_network_carrier{device="lan"} 1`,
	} {
		if !slices.Contains(series, want) {
			t.Errorf("no %s among\n%s", want, strings.Join(series, "\n"))
		}
	}
	release := inside(t, g, "uname -r")
	for _, want := range []string{`node_uname_info{domainname="(none)",machine="x86_64",nodename="box",release="` + release, "node_memory_MemAvailable_bytes{} ", "node_load1{} "} {
		if !slices.ContainsFunc(series, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("no %s among\n%s", want, strings.Join(series, "\n"))
		}
	}

	// What it may, and what it has.
	const find = `for p in /proc/[0-9]*; do read -rd '' name < $p/cmdline; [[ $name = /bin/metrics ]] && echo $p; done 2>/dev/null; true`
	process := inside(t, g, find)
	status := inside(t, g, "cat "+process+"/status")
	for _, want := range []string{
		"Uid:\t131072\t131072\t131072\t131072", "Gid:\t131072\t131072\t131072\t131072", "NoNewPrivs:\t1", "Seccomp:\t2",
		"CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "CapAmb:\t0000000000000000",
	} {
		if !slices.Contains(strings.Split(status, "\n"), want) {
			t.Errorf("no %q in\n%s", want, status)
		}
	}
	if got := inside(t, g, "shopt -s nullglob dotglob; echo "+process+"/root/*"); got != "" {
		t.Errorf("its root has %s", got)
	}
	// The line to uinit, its log twice, a socket that listens, the kernel's files, and what Go makes of its own.
	prints(t, g, "for f in "+process+"/fd/*; do l=$(readlink $f); echo ${l%%:\\[[0-9]*}; done | sort",
		"/proc/loadavg\n/proc/meminfo\n/proc/stat\nanon_inode:[eventfd]\nanon_inode:[eventpoll]\npipe\npipe\nsocket\nsocket")
	group := "/sys/fs/cgroup/work/services/metrics"
	prints(t, g, "cat "+group+"/memory.max "+group+"/pids.max", "50331648\n32")

	// It ends, and nobody is refused: the socket is the init's. Who asks meanwhile is answered by the next one.
	inside(t, g, "kill -KILL "+strings.TrimPrefix(process, "/proc/"))
	if series := scrape(t, address); !slices.Contains(series, `imgbuild_boot_ok{} 0`) {
		t.Errorf("after it was killed it tells %s", strings.Join(series, "\n"))
	}
	fact(t, g, "service.metrics.restarts", 1)

	// A thousand who connect and say nothing: of one client so many wait that others still get an answer.
	inside(t, g, `(ulimit -n 2000; for i in {1..1000}; do exec {c}<>/dev/tcp/127.0.0.1/9100 || exit; done; echo all > /run/crowd; exec sleep 600) >/dev/null 2>&1 &`)
	prints(t, g, "cat /run/crowd", "all")
	scrape(t, address)
	if events := inside(t, g, "cat "+group+"/memory.events"); !strings.Contains(events, "oom_kill 0") {
		t.Errorf("a crowd filled its memory: %s", events)
	}
	fact(t, g, "service.metrics.restarts", 1)
	off(t, g)
}

// scrape asks as Prometheus does, and has Prometheus' own parser read the answer: a line for each series, its labels sorted.
func scrape(t *testing.T, address string) (series []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatalf("asking for metrics: %v", err)
	}
	defer answer.Body.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", answer.Status, err)
	}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			slices.Sort(labels)
			series = append(series, fmt.Sprintf("%s{%s} %v", name, strings.Join(labels, ","), m.GetGauge().GetValue()))
		}
	}
	return series
}
