package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/imgbuild/imgbuild/internal/report"
)

// told is a line to an init that answers each octet with these events; asked takes each.
func told(t *testing.T, events []report.Event) (l *line, asked <-chan byte) {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	octets := make(chan byte, 1000)
	go func() {
		for in := bufio.NewReader(ours); ; {
			octet, err := in.ReadByte()
			if err != nil {
				return
			}
			octets <- octet
			out := json.NewEncoder(ours)
			for _, e := range events {
				_ = out.Encode(e)
			}
			_, _ = io.WriteString(ours, "\n")
		}
	}()
	return newLine(theirs), octets
}

// proc is a kernel of so much load and memory.
var proc = kernel{
	strings.NewReader("0.50 1.25 2 1/100 4711\n"),
	strings.NewReader("MemTotal:        2048 kB\nMemFree:         100 kB\nMemAvailable:    1024 kB\nHugePages_Total:       0\n"),
	strings.NewReader("cpu  1 2 3 4\nintr 1 " + strings.Repeat("0 ", 100_000) + "\nbtime 1700000000\n"),
}

var events = []report.Event{
	{Kind: report.KindUnit, Name: "link:lan", State: "ok"},
	{Kind: report.KindUnit, Name: "mount:/srv", State: "failed"},
	{Kind: report.KindLate, Name: "service:\"x\\\ny", State: "late"},
	{Kind: report.KindFact, Name: "boot.state", Value: "degraded"},
	{Kind: report.KindFact, Name: "link.lan.carrier", Value: true},
	{Kind: report.KindFact, Name: "link.bond0.20.carrier", Value: false},
	{Kind: report.KindFact, Name: "array.data.device", Value: "/dev/md127"},
	{Kind: report.KindFact, Name: "array.data.active", Value: 1},
	{Kind: report.KindFact, Name: "array.data.failed", Value: 1},
	{Kind: report.KindFact, Name: "array.data.spare", Value: 2},
	{Kind: report.KindFact, Name: "array.data.action", Value: "recover"},
	{Kind: report.KindFact, Name: "array.data.state", Value: "rebuilding"},
}

// get asks a server, and returns its answer and what Prometheus' own parser reads in it: "name{labels} value", sorted.
func get(t *testing.T, url, accept string) (answer *http.Response, text string, series []string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	if answer, err = http.DefaultClient.Do(request); err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		return answer, string(body), nil
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(body)))
	if err != nil {
		t.Fatalf("%v in\n%s", err, body)
	}
	for name, family := range families {
		if family.GetHelp() == "" || family.GetType().String() != "GAUGE" {
			t.Errorf("%s is a %v: %q", name, family.GetType(), family.GetHelp())
		}
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			series = append(series, fmt.Sprintf("%s{%s} %v", name, strings.Join(labels, ","), m.GetGauge().GetValue()))
		}
	}
	slices.Sort(series)
	return answer, string(body), series
}

func TestSeries(t *testing.T) {
	init, _ := told(t, events)
	server := httptest.NewServer(source{init, proc}.handler())
	defer server.Close()
	answer, _, got := get(t, server.URL+"/metrics", "")
	if kind := answer.Header.Get("Content-Type"); kind != plainText {
		t.Errorf("it is %s", kind)
	}
	got = slices.DeleteFunc(got, func(s string) bool {
		return strings.HasPrefix(s, "node_time_seconds{} ") || strings.HasPrefix(s, `node_uname_info{domainname="`)
	})
	want := []string{
		`imgbuild_boot_ok{} 0`,
		`imgbuild_unit_state{unit="link:lan",state="ok"} 1`,
		`imgbuild_unit_state{unit="mount:/srv",state="failed"} 1`,
		`imgbuild_unit_state{unit="service:\"x\\\ny",state="late"} 1`,
		`node_boot_time_seconds{} 1.7e+09`,
		`node_load15{} 2`, `node_load1{} 0.5`, `node_load5{} 1.25`,
		`node_md_disks{device="md127",state="active"} 1`, `node_md_disks{device="md127",state="failed"} 1`, `node_md_disks{device="md127",state="spare"} 2`,
		`node_md_state{device="md127",state="active"} 0`, `node_md_state{device="md127",state="check"} 0`, `node_md_state{device="md127",state="inactive"} 0`,
		`node_md_state{device="md127",state="recovering"} 1`, `node_md_state{device="md127",state="resync"} 0`,
		`node_memory_MemAvailable_bytes{} 1.048576e+06`, `node_memory_MemFree_bytes{} 102400`, `node_memory_MemTotal_bytes{} 2.097152e+06`,
		`node_network_carrier{device="bond0.20"} 0`, `node_network_carrier{device="lan"} 1`,
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Both formats have the same series; OpenMetrics has an end.
func TestOpenMetrics(t *testing.T) {
	init, _ := told(t, events)
	server := httptest.NewServer(source{init, proc}.handler())
	defer server.Close()
	answer, text, series := get(t, server.URL+"/metrics", "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2")
	if kind := answer.Header.Get("Content-Type"); kind != openMetrics || !strings.HasSuffix(text, "\n# EOF\n") || strings.Count(text, "# EOF") != 1 || len(series) == 0 {
		t.Errorf("%s, which ends with %q", kind, text[max(len(text)-20, 0):])
	}
}

func TestOtherQuestions(t *testing.T) {
	init, asked := told(t, nil)
	server := httptest.NewServer(source{init, proc}.handler())
	defer server.Close()
	for _, tt := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/", 404}, {"GET", "/metrics/x", 404}, {"POST", "/metrics", 405}, {"GET", "/metrics/../../proc/self/environ", 404}, {"HEAD", "/metrics", 200},
	} {
		request, err := http.NewRequest(tt.method, server.URL+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != tt.want {
			t.Errorf("%s %s: %s, want %d", tt.method, tt.path, answer.Status, tt.want)
		}
	}
	if n := len(asked); n != 1 {
		t.Errorf("the init was asked %d times", n)
	}
}

// However many ask at once, the init is asked once.
func TestInitIsSpared(t *testing.T) {
	init, asked := told(t, events)
	for range 100 {
		if got, err := init.ask(); err != nil || len(got) != len(events) {
			t.Fatalf("%d events, %v", len(got), err)
		}
	}
	if n := len(asked); n > 10 { // each second once, and a second is long
		t.Errorf("it was asked %d times", n)
	}
}

// An init that is gone, or speaks nonsense, ends the program: whoever started it starts another one.
func TestBrokenLine(t *testing.T) {
	for name, answer := range map[string]string{"gone": "", "nonsense": "{\n\n", "cut off": `{"kind":"fact"}` + "\n"} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			go func() {
				_, _ = ours.Read(make([]byte, 1))
				_, _ = io.WriteString(ours, answer)
				ours.Close()
			}()
			s := source{newLine(theirs), proc}
			server := httptest.NewServer(s.handler())
			defer server.Close()
			for range 2 {
				if answer, text, _ := get(t, server.URL+"/metrics", ""); answer.StatusCode != http.StatusServiceUnavailable || strings.Contains(text, "uinit") {
					t.Errorf("%s: %s", answer.Status, text)
				}
			}
			if err := serveAll(t.Context(), nil, newGate(nil), s.handler(), s.init.broken); err == nil {
				t.Error("the program goes on")
			}
		})
	}
}

func TestBadProc(t *testing.T) {
	for _, k := range []kernel{
		{strings.NewReader("1 2\n"), proc.meminfo, proc.stat},
		{strings.NewReader("1 2 x\n"), proc.meminfo, proc.stat},
		{proc.loadavg, proc.meminfo, strings.NewReader("cpu 1\n")},
	} {
		init, _ := told(t, events)
		if _, err := (source{init, k}).collect(); err == nil {
			t.Errorf("%+v is read without an error", k)
		}
	}
}

func TestFlags(t *testing.T) {
	sockets, from, err := parseFlags([]string{"-sockets", "2", "-from", "192.0.2.0/24", "-from", "2001:db8::/32"})
	if err != nil || sockets != 2 || fmt.Sprint(from) != "[192.0.2.0/24 2001:db8::/32]" {
		t.Errorf("%d %v %v", sockets, from, err)
	}
	for _, args := range [][]string{{"-sockets", "0"}, {"-from", "192.0.2.0"}, {"more"}} {
		if _, _, err := parseFlags(args); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}

// Who may not ask is sent away, and of those who may and say nothing, so many wait that others are answered.
func TestGate(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, from, err := parseFlags([]string{"-from", "127.0.0.0/30"})
	if err != nil {
		t.Fatal(err)
	}
	init, _ := told(t, events)
	s := source{init, proc}
	g := newGate(from)
	go func() { _ = serveAll(t.Context(), []net.Listener{l}, g, s.handler(), init.broken) }()
	connect := func(from string) net.Conn {
		t.Helper()
		c, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		_ = c.SetDeadline(time.Now().Add(time.Minute))
		return c
	}
	// over waits until the other end closes a connection.
	over := func(c net.Conn, why string) {
		t.Helper()
		if _, err := io.ReadAll(c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(why)
		}
	}
	over(connect("127.0.0.4"), "a stranger is let in")
	var crowd []net.Conn
	for range 1000 {
		crowd = append(crowd, connect("127.0.0.1"))
	}
	other := connect("127.0.0.2")
	fmt.Fprint(other, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(other), nil)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("another client is not answered: %v", err)
	}
	answer.Body.Close()
	// Whoever says nothing loses its place in the end.
	for _, c := range crowd {
		over(c, "who says nothing keeps its place")
	}
	if !g.places.Enter(other.LocalAddr().(*net.TCPAddr).AddrPort().Addr()) {
		t.Error("no place is free any more")
	}
}
