package qemu_tests

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// full says that this is "make test-full".
func full() bool { return os.Getenv("IMGBUILD_TEST_FULL") != "" }

// long skips a story that the ordinary suite has no time for.
func long(t *testing.T) {
	t.Helper()
	if !full() {
		t.Skip("a boot more: make test-full runs it")
	}
}

// boots starts the appliance for a test that looks at it by itself.
func (a appliance) boots(t *testing.T) *qemu.Guest {
	t.Helper()
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	return start(t, vm.Config)
}

// until waits for something in the guest's report.
func until(t *testing.T, g *qemu.Guest, what string, yes func(*report.State) bool) report.State {
	t.Helper()
	if err := g.Report().Until(t.Context(), yes); err != nil {
		t.Fatalf("waiting for %s: %v; the facts are %v", what, err, facts(g))
	}
	return g.Report().State()
}

func facts(g *qemu.Guest) map[string]any {
	values := map[string]any{}
	for name, e := range g.Report().State().Facts {
		values[name] = e.Value
	}
	return values
}

func isBooted(s *report.State) bool { return s.Boot != nil }

// inside runs a shell's line in the guest and returns what it prints.
func inside(t *testing.T, g *qemu.Guest, line string) string {
	t.Helper()
	reply, err := g.Request(t.Context(), report.Request{Command: []string{"/bin/bash", "-c", line}, Timeout: limit.Seconds()})
	if err != nil || reply.Exit == nil || *reply.Exit != 0 {
		t.Errorf("running %q in the guest: %+v, %v", line, reply, err)
	}
	return strings.TrimSpace(reply.Output)
}

// comes runs a shell's line in the guest again and again until it prints what is wanted, for what it looks at may arrive a moment
// after what was waited for. It returns what the line printed the last time.
func comes(t *testing.T, g *qemu.Guest, line string, wanted func(string) bool) string {
	t.Helper()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for end := time.Now().Add(soon); ; <-again.C {
		reply, err := g.Request(t.Context(), report.Request{Command: []string{"/bin/bash", "-c", line}})
		got := strings.TrimSpace(reply.Output)
		if err == nil && wanted(got) {
			return got
		}
		if err != nil || time.Now().After(end) {
			t.Errorf("%q in the guest still does not print what is wanted: %+v, %v", line, reply, err)
			return got
		}
	}
}

// prints waits until a line prints just this.
func prints(t *testing.T, g *qemu.Guest, line, want string) {
	t.Helper()
	if got := comes(t, g, line, func(got string) bool { return got == want }); got != want {
		t.Errorf("%s prints %q, want %q", line, got, want)
	}
}

// says waits until the log has these texts, of one unit ("apart", "service:apart") or, with "", of all: a service counts
// as started before its first words have been read, and what is logged may be read later than what came of it.
func says(t *testing.T, g *qemu.Guest, unit string, texts ...string) {
	t.Helper()
	logged(t, g, unit, `== *"$2"*`, texts)
}

// saysLike is says for extended regular expressions (regex(7)), without \d and the like.
func saysLike(t *testing.T, g *qemu.Guest, unit string, patterns ...string) {
	t.Helper()
	logged(t, g, unit, `=~ $2`, patterns)
}

// saysOfPackets is says for packets that rules log, among thousands of those who knock on port 7 all the time: a shell
// would not catch up with these, and the log holds neither all of them nor any for ever. So send sends what is looked for
// again until all was seen.
func saysOfPackets(t *testing.T, g *qemu.Guest, send func(), texts ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	for missing := texts; len(missing) > 0; {
		send()
		reply, err := g.Request(ctx, report.Request{Command: []string{"/bin/bash", "-c", "uinitctl log packets | grep -v dpt=7"}})
		if err != nil {
			t.Fatalf("the log of packets has no %q: %v", missing, err)
		}
		missing = slices.DeleteFunc(slices.Clone(missing), func(text string) bool { return strings.Contains(reply.Output, text) })
	}
}

// logged waits until lines of the log pass bash's test, each with its text as $2.
func logged(t *testing.T, g *qemu.Guest, unit, test string, texts []string) {
	t.Helper()
	for _, text := range texts {
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		defer cancel()
		line := `exec 3< <(uinitctl log -f $1); while read -ru 3 line; do [[ $line ` + test + ` ]] && { kill $!; exit 0; }; done; exit 1`
		reply, err := g.Request(ctx, report.Request{Command: []string{"/bin/bash", "-c", line, "says", unit, text}, Timeout: soon.Seconds()})
		if err != nil || reply.Exit == nil || *reply.Exit != 0 {
			t.Errorf("%q is not in the log of %q: %+v, %v; the log is\n%s", text, unit, reply, err, inside(t, g, "uinitctl log "+unit))
		}
	}
}

// off powers the guest off and returns its whole report.
func off(t *testing.T, g *qemu.Guest) report.State {
	t.Helper()
	if _, err := g.Request(t.Context(), report.Request{Power: "poweroff"}); err != nil {
		t.Fatal(err)
	}
	s := until(t, g, "the end", func(s *report.State) bool { return s.Done != nil })
	_, _ = g.Request(t.Context(), report.Request{Ack: true})
	if exit := g.Wait(); exit.Reason != "guest-shutdown" {
		t.Errorf("ended with %+v", exit)
	}
	return s
}

// unitAt is when a unit came to a state, in seconds of the guest's uptime.
func unitAt(t *testing.T, s report.State, name, state string) report.Event {
	t.Helper()
	i := slices.IndexFunc(s.Events, func(e report.Event) bool { return e.Name == name && e.State == state })
	if i < 0 {
		t.Fatalf("unit %s never was %s; it is %+v", name, state, s.Units[name])
	}
	return s.Events[i]
}

// A box with nothing: a processor without a random generator, a hardware clock in the year 2000, one
// of five time servers there as well, and a log server that goes away and comes back.
func TestBareBox(t *testing.T) {
	t.Parallel()
	century := -time.Since(time.Date(2000, 6, 1, 0, 0, 0, 0, time.UTC))
	servers := timeServers(t, 0, 0, century, 0, 0)
	logs := newLogServer(t, nil)
	box := extended(t, cloud+fmt.Sprintf(`
[image]
overlays = ["headless", "files"]
[run]
cpu = "qemu64"
[run.disk.state]
filesystem = "ext4"
label      = "state"
[mount."/state"]
source = "LABEL=state"
type   = "ext4"
[time]
servers = ["%s"]
state   = "/state"
[entropy]
state = "/state"
[log]
remote = "tcp://%s"
queue  = "16K"
[service.keyuser]
command = ["/usr/bin/keyuser"]
needs   = ["entropy", "time"]
[service.chatty]
command = ["/usr/bin/chatty"]
needs   = ["network"]
`, strings.Join(servers, `", "`), logs.guestAddress()), map[string]string{
		"files/usr/bin/keyuser": "#!/bin/bash\necho the key is made; exec sleep 1000\n",
		"files/usr/bin/chatty":  "#!/bin/bash\nexec 9<> <(:)\nfor ((i = 0; ; i++)); do printf 'line %200d\\n' $i; read -rt 0.01 -u 9; done\n",
	})
	box.options.Extra = []string{"-rtc", "base=2000-01-01T00:00:00"}
	g := box.boots(t)

	logs.wait(g, 200)
	logs.leave()
	until(t, g, "lost records", func(s *report.State) bool { n, _ := s.Facts["log.lost"].Value.(float64); return n > 0 })
	logs.come()
	logs.wait(g, 500)
	until(t, g, "the clock", func(s *report.State) bool { return s.Units["service:keyuser"].State == "ok" && isBooted(s) })

	year := time.Now().UTC().Format("2006-01-02")
	for line, want := range map[string]string{ // the machine's clock and the disk are written to later than the kernel's clock is
		"printf '%(%Y-%m-%d)T' -1":                          year,
		"TZ=UTC; read d </sys/class/rtc/rtc0/date; echo $d": year,
		"read c </state/clock; echo ${c%%T*}":               year,
		"read m rest </state/random-seed; echo $m":          "uinit-seed-1",
	} {
		prints(t, g, line, want)
	}
	says(t, g, "keyuser", "keyuser: the key is made")
	off(t, g)
	f := facts(g)
	if f["time.from"] != "floor" || f["time.state"] != "synchronized" || f["entropy.source"] != "jitter" || f["entropy.seed"] != "none yet" {
		t.Errorf("facts %v", f)
	}
	if chosen, _ := f["time.chosen"].([]any); len(chosen) != 4 || slices.Contains(chosen, any(servers[2])) {
		t.Errorf("chosen %v", chosen)
	}
	if rejected := fmt.Sprint(f["time.rejected"]); !strings.HasPrefix(rejected, "["+servers[2]+": says 2000-0") {
		t.Errorf("rejected %s", rejected)
	}
	messages, missing := logs.got()
	if lost, _ := f["log.lost"].(float64); missing == 0 || missing != int(lost) {
		t.Errorf("%d of %d messages are missing; the guest counts %v", missing, missing+len(messages), lost)
	}
	for _, want := range []string{`^<\d>1 \S+ box kernel - - `, ` chatty - - \[timeQuality tzKnown="1" isSynced="1"\].* line +\d+$`, ` uinit .*going down: poweroff`} {
		if re := regexp.MustCompile(want); !slices.ContainsFunc(messages, re.MatchString) {
			t.Errorf("no message matches %s", want)
		}
	}
}

// Nothing is plugged in, and the hardware clock is in the far future. This guest's clock counts its instructions: no busy host makes
// its prompt late.
func TestNoNetwork(t *testing.T) {
	t.Parallel()
	box := extended(t, cloud+`
[run]
nics = 0
[boot]
unit_timeout = "3s"
[time]
servers = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
[log]
remote = "tcp://192.0.2.4"
`, map[string]string{})
	box.options.Extra = []string{"-rtc", "base=2090-01-01T00:00:00", "-icount", "shift=1,sleep=off"}
	g := box.boots(t)
	until(t, g, "the end of the boot", isBooted)
	s := off(t, g)
	late := unitAt(t, s, "time", "late")
	if !strings.HasPrefix(late.Message, "waiting: ") {
		t.Errorf("time: %q", late.Message)
	}
	f := facts(g)
	if f["time.from"] != "floor" || f["boot.state"] != "degraded" || f["log.connected"] != false {
		t.Errorf("facts %v", f)
	}
	if prompt := unitAt(t, s, "console:ttyS0", "ok"); prompt.Uptime >= late.Uptime {
		t.Errorf("the prompt came at %.2f s, and at %.2f s the boot ceased to wait for the network", prompt.Uptime, late.Uptime)
	}
}

// Most of the servers are wrong: nobody believes them, and the clock is left alone. The decision is a row of a table in
// uinit/time/clock, too.
func TestMostTimeServersAreWrong(t *testing.T) {
	t.Parallel()
	long(t)
	century := -time.Since(time.Date(2000, 6, 1, 0, 0, 0, 0, time.UTC))
	box := extended(t, fmt.Sprintf("[time]\nservers = [\"%s\"]\n[boot]\nunit_timeout = \"5s\"\n",
		strings.Join(timeServers(t, century, 0, century, 0, century), `", "`)), map[string]string{})
	g := box.boots(t)
	until(t, g, "the end of the boot", isBooted)
	comes(t, g, "uinitctl status", func(said string) bool { // answers may come after the boot has ceased to wait; a line is cut to 80 columns
		return regexp.MustCompile(`(?m)^time .*waiting: 2 of 5 servers agree`).MatchString(said)
	})
	year := inside(t, g, "printf '%(%Y)T' -1")
	s := off(t, g)
	f := facts(g)
	if rejected, _ := f["time.rejected"].([]any); f["time.state"] != "unset" || f["time.from"] != "clock" || len(rejected) != 3 || year != time.Now().UTC().Format("2006") {
		t.Errorf("the year is %s; facts %v", year, f)
	}
	if late := unitAt(t, s, "time", "late"); !strings.HasPrefix(late.Message, "waiting: ") {
		t.Errorf("time: %q", late.Message)
	}
}

// Somebody presses r while the machine comes up, looks around, and lets it go on without services; and then Ctrl-Alt-Del.
func TestHeldBoot(t *testing.T) {
	t.Parallel()
	// The cloud's kernel has no keyboards.
	box := extended(t, "[service.probe]\ncommand = [\"/bin/sleep\", \"1000\"]\n[module.atkbd]\nload = true\n[module.i8042]\nload = true\n", map[string]string{})
	vm, err := boot.Prepare(t.Context(), box.options)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	g := start(t, vm.Config)
	console, err := g.Console("ttyS0")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ expect, send string }{
		{"Run /init as init process", "r"},
		{"uinit: hostname ok", "r"}, // as people do
		{"The boot is held[\\s\\S]*> $", "x"},
		{"continue without services\\n> $", "w"},
		{"w\\n[\\s\\S]*running[\\s\\S]*> $", "n"},
		{"Password of root: $", "wrong\r"},
		{"Login incorrect\\s+Password of root: $", vm.Password + "\r"},
		{"login: $", ""},
	} {
		if _, err := console.Expect(t.Context(), regexp.MustCompile("(?m)"+step.expect)); err != nil {
			t.Fatalf("waiting for %q: %v; the console shows:\n%s", step.expect, err, console.Text())
		}
		if err := console.Send(step.send); err != nil {
			t.Fatal(err)
		}
	}
	until(t, g, "the end of the boot", func(s *report.State) bool { return isBooted(s) && s.Units["modules"].State == "ok" })
	s := threeKeys(t, g)
	if probe := unitAt(t, s, "service:probe", "skipped"); !strings.HasPrefix(probe.Message, "left out at the console") {
		t.Errorf("the service was skipped: %q", probe.Message)
	}
	unitAt(t, s, "online:lan", "ok")
}
