package qemu_tests

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// Services in namespaces of their own, all that uinitctl can be asked, and a log server by TLS.
func TestServicesApart(t *testing.T) {
	t.Parallel()
	secure, trust := certificate(t, "10.0.2.2")
	logs := newLogServer(t, secure)
	g := extended(t, fmt.Sprintf(`
[kernel]
package = "linux-image-cloud-amd64"
[image]
overlays = ["headless", "files"]
[user.eve]
[log]
remote = "tls://%s"
ca     = "/etc/log-ca.pem"
[service.apart]
command    = ["/usr/bin/apart"]
user       = "eve"
namespaces = ["mount", "pid", "net", "uts", "ipc"]
[service.renames]
command    = ["/usr/bin/renames"]
namespaces = ["uts", "mount"]
writable   = ["/proc/sys/kernel"]
restart    = "never"
[service.ends]
command    = ["/bin/bash", "-c", "kill -USR1 $$; exit 5"]
namespaces = ["pid"]
restart    = "never"
[service.ticker]
command = ["/usr/bin/ticker"]
`, logs.guestAddress()), map[string]string{
		"files/etc/log-ca.pem": trust,
		// Connecting to a port where nobody listens is refused where lo is up, and unreachable elsewhere.
		"files/usr/bin/apart": `#!/bin/bash
trap 'echo goodbye; exit' TERM
set -- /proc/[0-9]*; echo "$# processes"
echo "uid $UID"; echo x > /tmp/mine; echo "tmp" /tmp/*
n=0; while read -r line; do [[ $line == *:* ]] && ((n++)); done < /proc/net/dev; echo "$n interfaces"
(echo > /dev/tcp/127.0.0.1/9) 2>&1 | { read -r line; echo "${line##*: }"; read -r line; echo "${line##*: }"; }
(exec sleep 0.1 &); sleep 0.5; set -- /proc/[0-9]*; echo "$# processes later"
logger -t sworn "in its own namespaces"
sleep 1000 & wait
`,
		"files/usr/bin/renames": "#!/bin/bash\necho other > /proc/sys/kernel/hostname; echo x > /tmp/renames; read -r n < /proc/sys/kernel/hostname; echo \"called $n\"\n",
		"files/usr/bin/ticker":  "#!/bin/bash\nexec 9<> <(:)\nfor ((i = 0; ; i++)); do echo tick $i; read -rt 0.2 -u 9; done\n",
	}).boots(t)
	until(t, g, "the end of the boot", isBooted)
	// However slow the machine: a service may have counted as started before it ended.
	state(t, g, "service:ends", "failed: exit status 138")
	fact(t, g, "boot.state", "degraded")

	says(t, g, "apart", "apart: 2 processes", "apart: uid 1000", "apart: tmp /tmp/mine", "apart: 1 interfaces", "apart: Connection refused")
	says(t, g, "sworn", "sworn: in its own namespaces") // by syslog(3)
	says(t, g, "renames", "renames: called other")
	for _, tt := range []struct{ line, want string }{
		{"read -r n < /proc/sys/kernel/hostname; echo $n", "box*"},
		{"uinitctl stop apart", "service:apart*stopped*"},
		{"uinitctl start apart; uinitctl restart ticker", "service:apart*ok*service:ticker*ok*"},
		{"uinitctl start apart 2>&1; echo status $?", "*starting apart: it is running*status 1"},
		{"uinitctl status | grep service:apart", "service:apart * ok"},
		{"uinitctl stop tikker 2>&1; echo status $?", "*there is no service \"tikker\"; did you mean ticker?*status 1"},
		{"uinitctl sing 2>&1; echo status $?", "*\"sing\" is not known; accepted: *status 1"},
		{"uinitctl service ticker", "ticker * running, process *account * root (0)\ncapabilities * none\ncould get * none\nsystem calls * @system-service\nwrites * nothing\nhas with all * net pid\n*exposure * 1.8 OK: root, network, processes"},
		{"uinitctl service service:apart", "apart * running, process *account * eve (1000)\ncapabilities * none\n*has with all * nothing\n*exposure * 0.0 PERFECT*"},
		{"uinitctl service renames", "renames * exited; this is what its row says\n*writes * /proc/sys/kernel\n*"},
		{"uinitctl service tikker 2>&1; echo status $?", "*there is no service \"tikker\"; did you mean ticker?*status 1"},
		{"uinitctl security", "*EXPOSURE*\napart * 0.0 * PERFECT *\nticker * 1.8 * OK * root, network, processes*"},
		{"uinitctl security root; echo status $?", "nobody but *status 0"},
		{"echo $(cat /proc/sys/kernel/{kptr_restrict,dmesg_restrict,yama/ptrace_scope,unprivileged_userns_clone})", "1 1 1 0"},
		{"uinitctl status; echo status $?", "*service:ends * failed *exit status 138*status 3"},
		{"uinitctl facts", "*service.ticker.state * running*"},
		{"uinitctl blame", "*service:ticker*"},
		{"line=$(uinitctl log ticker | tail -n 1); n=$((${line##* }+3)); while read -r line; do [[ $line == *\"tick $n\" ]] && echo seen && break; done < <(uinitctl log -f service:ticker)", "seen"},
	} {
		if got := inside(t, g, tt.line); !like(tt.want, got) {
			t.Errorf("%s prints\n%s\nwant %s", tt.line, got, tt.want)
		}
	}
	says(t, g, "apart", "apart: goodbye")
	if got := inside(t, g, "echo /tmp/mine* /tmp/renames*"); got != "/tmp/mine* /tmp/renames*" {
		t.Errorf("what services wrote to their /tmp lies outside: %s", got)
	}
	for _, question := range []string{"status", "blame"} {
		for line := range strings.Lines(inside(t, g, "uinitctl "+question+" || [ $? = 3 ]")) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
				t.Errorf("uinitctl %s: a line of %d columns: %s", question, n, line)
			}
		}
	}
	logs.wait(g, 100)
	s := off(t, g)
	if state := s.Units["service:ends"]; state.State != "failed" || state.Message != "exit status 138" {
		t.Errorf("the service that a signal ends: %+v", state)
	}
	if connected := s.Facts["log.connected"].Value; connected != true {
		t.Errorf("the log server is connected: %v", connected)
	}
	all, _ := logs.got()
	if text := strings.Join(all, "\n"); !strings.Contains(text, " apart - - ") || !strings.Contains(text, " kernel - - ") {
		t.Error("records of a service or the kernel are missing at the log server")
	}
}

// like compares with a text where * stands for anything.
func like(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if !strings.HasPrefix(text, parts[0]) || len(parts) == 1 && text != pattern {
		return false
	}
	text = text[len(parts[0]):]
	for i, part := range parts[1:] {
		if i == len(parts)-2 {
			return strings.HasSuffix(text, part)
		}
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return true
}
