package qemu_tests

import (
	"regexp"
	"strings"
	"testing"
)

// The story that started it all: on a machine without any source of randomness services make keys, one by a
// shell that reads /dev/random, one by a program with threads. They neither delay the login prompt nor stay
// unexplained. This guest's clock counts its instructions, so that it knows of no busy host: the kernel
// gathers randomness by that clock, for a second, and units are late by it: the services start a third of a second before the
// pool is ready, and are late halfway.
func TestKeysWithoutEntropy(t *testing.T) {
	t.Parallel()
	box := extended(t, `
[kernel]
package = "linux-image-cloud-amd64"
[image]
overlays = ["headless", "files"]
[run]
cpu  = "qemu64"
nics = 0
[boot]
unit_timeout = "150ms"
[service.keygen]
command = ["/usr/bin/keygen"]
restart = "never"
[service.keymaker]
command = ["/usr/bin/keymaker"]
restart = "never"
`, map[string]string{
		// bash copies a variable's bytes but NULs; how many there are does not matter.
		"files/usr/bin/keygen":   "#!/bin/bash\nLC_ALL=C read -rN 32 -u 3 3</dev/random\n",
		"files/usr/bin/keymaker": string(compiled(t, "./keymaker")),
	})
	box.options.Extra = []string{"-icount", "shift=1,sleep=off"}
	g := box.boots(t)
	until(t, g, "the end of the boot", isBooted)
	for _, name := range []string{"service:keygen", "service:keymaker"} {
		state(t, g, name, "ok")
	}
	if got := inside(t, g, "/init rngtest"); !like("blocks * 1000\nfailed *", got) {
		t.Errorf("the diagnostic of the pool prints %q", got)
	}
	if log := inside(t, g, "uinitctl log"); !strings.Contains(log, "service:keygen late") {
		t.Errorf("the log does not explain the late service:\n%s", log)
	}
	s := off(t, g)
	f := facts(g)
	if f["entropy.source"] != "jitter" {
		t.Errorf("facts %v", f)
	}
	prompt := unitAt(t, s, "console:ttyS0", "ok").Uptime
	if ready, _ := f["entropy.ready_seconds"].(float64); prompt >= ready {
		t.Errorf("the prompt came at %.2f s, the random pool at %.2f s", prompt, ready)
	} else {
		t.Logf("prompt at %.2f s, pool ready at %.2f s", prompt, ready)
	}
	for name, want := range map[string]string{
		"service:keygen":   "^(still running, after )?waiting: (read /dev/random|perhaps getrandom: .*)$",
		"service:keymaker": "^(still running, after )?waiting: (perhaps )?getrandom",
	} {
		if late := unitAt(t, s, name, "late"); !regexp.MustCompile(want).MatchString(late.Message) {
			t.Errorf("%s is late and says %q", name, late.Message)
		} else {
			t.Logf("%s is late at %.2f s, %.2f s after its start: %s", name, late.Uptime, late.Seconds, late.Message)
		}
		unitAt(t, s, name, "ok")
	}
}
