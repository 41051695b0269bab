package qemu_tests

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/report"
)

// A container that takes all processes, memory and processors that it can get, at once: SSH and another container answer within twice the
// time that they need idle, and 2 s, and nobody but that container loses a process.
func TestContainersUnderAttack(t *testing.T) {
	t.Parallel()
	long(t)
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	image := hostileImage(t, nil)
	text := cloud + fmt.Sprintf(`
[ssh]
[user.root]
authorized_keys = [%[1]q]
[container.web]
image   = %[2]q
command = ["/bin/busybox", "httpd", "-f", "-p", "80", "-h", "/www"]
publish = ["8080:80"]
`, string(bytes.TrimSpace(ssh.MarshalAuthorizedKey(key.PublicKey()))), image)
	for name, how := range map[string]string{
		"bomb": "/bin/escapist bomb", "hog": "/bin/escapist hog", "spin": "/bin/escapist spin 8", "flood": "/bin/escapist flood",
		"all": "/bin/escapist spin 8 & /bin/escapist flood & /bin/escapist bomb & while :; do /bin/escapist hog; done",
	} {
		text += fmt.Sprintf("[container.%s]\nimage = %q\ncommand = [\"/bin/sh\", \"-c\", %q]\nautostart = false\nmemory = \"96M\"\npids = 150\nrestart_delay = \"100ms\"\nstop_timeout = \"1s\"\n", name, image, how)
	}
	vm, err := boot.Prepare(t.Context(), extended(t, text, map[string]string{}).options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	port, web := freePort(t), freePort(t)
	vm.Config.NICs[0].Backend = "user,hostfwd=tcp:127.0.0.1:" + port + "-:22,hostfwd=tcp:127.0.0.1:" + web + "-:8080"
	g := startFor(t, vm.Config, 2*limit)
	until(t, g, "the boot", func(s *report.State) bool {
		return s.Boot != nil && s.Units["service:ssh"].State == "ok" && s.Units["online:lan"].State == "ok" && s.Units["container:web"].State == "ok"
	})
	ways := map[string]func() error{
		"SSH": func() error { _, err := over(t.Context(), port, key, "true"); return err },
		"HTTP": func() error {
			client := http.Client{Timeout: answerLimit, Transport: &http.Transport{DisableKeepAlives: true}}
			answer, err := client.Get("http://127.0.0.1:" + web + "/")
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "hello\n" {
				return fmt.Errorf("it says %q, %v", body, err)
			}
			return nil
		},
	}
	measured := func(do func() error) time.Duration { // the middle of seven
		var took []time.Duration
		for range 7 {
			begin := time.Now()
			if err := do(); err != nil {
				t.Error(err)
			}
			took = append(took, time.Since(begin))
		}
		slices.Sort(took)
		return took[len(took)/2]
	}
	idle := map[string]time.Duration{}
	for way, do := range ways {
		_ = do() // which reads the programs
		idle[way] = measured(do)
	}
	reached := map[string]string{"bomb": "pids.events", "hog": "memory.events"}
	before := inside(t, g, "uinitctl container list | grep web")
	for _, name := range []string{"spin", "flood", "bomb", "hog", "all"} {
		inside(t, g, "uinitctl container start "+name+" || true") // it may be ended before it counts as started
		for way, do := range ways {
			now := measured(do)
			t.Logf("%s while there is %s: %v, idle %v", way, name, now.Round(time.Millisecond), idle[way].Round(time.Millisecond))
			if now > 2*idle[way]+2*time.Second {
				t.Errorf("%s while there is %s: %v, idle %v", way, name, now, idle[way])
			}
		}
		group := "/sys/fs/cgroup/work/containers/" + name
		if file := reached[name]; file != "" && inside(t, g, "cat "+group+"/{,inside/}"+file+" | grep -cE '^(max|oom_kill) [1-9]' || true") == "0" {
			t.Errorf("%s has not come to its limit", name)
		}
		inside(t, g, "uinitctl container stop "+name)
		prints(t, g, "grep populated "+group+"/cgroup.events", "populated 0")
	}
	if now := inside(t, g, "uinitctl container list | grep web"); now != before {
		t.Errorf("the other container was %s, and is %s", before, now)
	}
	for name, e := range g.Report().State().Units {
		if e.State == "failed" && !strings.HasPrefix(name, "container:") {
			t.Errorf("%s %s: %s", name, e.State, e.Message)
		}
	}
	// Who was ended for want of memory was a container's.
	killed := inside(t, g, "cd /sys/fs/cgroup; for f in memory.events work/memory.events work/containers/memory.events; do [[ -e $f ]] && grep -H '^oom_kill ' $f; done; dmesg | grep -c 'Killed process' || true; dmesg | grep 'task_memcg=' | grep -vc 'task_memcg=/work/containers/' || true")
	t.Log(killed)
	if lines := strings.Split(killed, "\n"); lines[len(lines)-1] != "0" {
		t.Errorf("others were ended for want of memory:\n%s", killed)
	}
	off(t, g)
}
