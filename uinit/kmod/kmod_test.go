package kmod

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

var files = fstest.MapFS{
	"modules.dep": {Data: []byte(`kernel/net/virtio_net.ko: kernel/net/net_failover.ko kernel/net/failover.ko
kernel/net/net_failover.ko: kernel/net/failover.ko
kernel/net/failover.ko:
kernel/fs/nfsd.ko:
kernel/crypto/md5.ko:
kernel/a-ring.ko:
kernel/b-ring.ko:
kernel/broken.ko:
`)},
	"modules.alias": {Data: []byte(`# Aliases extracted from modules themselves.
alias virtio:d00000001v* virtio_net
alias fs-nfsd nfsd
alias crypto-md5 md5
alias pci:v00008086d[1-9]00Fsv*sd*bc*sc*i* a_ring
alias pci:v00008086d*sv*sd*bc*sc*i* broken
alias acpi*:PNP0C0C:* b_ring
`)},
	"modules.softdep": {Data: []byte(`softdep nfsd pre: crypto-md5 nobody post: virtio-net
softdep a_ring pre: b_ring
softdep b_ring a_ring
`)},
	"modules.builtin": {Data: []byte("kernel/fs/ext4/ext4.ko\n")},
}

// fake records what it is asked for, in order.
type fake struct {
	mu  sync.Mutex
	log []string
}

func (f *fake) Load(file, parameters string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log = append(f.log, strings.TrimSpace("+"+nameOf(file)+" "+parameters))
	if strings.Contains(file, "broken") {
		return errors.New("exec format error")
	}
	return nil
}

func (f *fake) Unload(name string) error {
	f.log = append(f.log, "-"+name)
	if name == "failover" {
		return errors.New("busy")
	}
	return nil
}

func index(t testing.TB) *Index {
	t.Helper()
	x, err := ReadIndex(files)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestModprobe(t *testing.T) {
	config := Config{Parameters: map[string]string{"virtio_net": "napi_tx=0"}, Blacklist: map[string]bool{"b_ring": true}}
	for _, tt := range []struct {
		args   string
		want   string
		status int
		stderr string
	}{
		{"virtio-net", "+failover +net_failover +virtio_net napi_tx=0", 0, ""},
		{"virtio_net csum=0", "+failover +net_failover +virtio_net napi_tx=0 csum=0", 0, ""},
		{"virtio:d00000001v00001AF4", "+failover +net_failover +virtio_net napi_tx=0", 0, ""},
		{"-q -- fs-nfsd", "+md5 +nfsd +failover +net_failover +virtio_net napi_tx=0", 0, ""},
		{"ext4", "", 0, ""},
		{"a-ring", "+b_ring +a_ring", 0, ""},
		{"-a md5 failover", "+md5 +failover", 0, ""},
		{"b_ring", "+a_ring +b_ring", 0, ""},
		{"acpi:PNP0C0C:", "", 0, ""},
		{"-r virtio_net", "-virtio_net -net_failover -failover", 0, ""},
		{"-q nothing", "", 1, ""},
		{"nothing", "", 1, "modprobe: loading module nothing: no such module in this image\n"},
		{"-q broken", "+broken", 1, "modprobe: loading module broken: kernel/broken.ko: exec format error\n"},
		{"-x", "", 2, "modprobe: -x is not known; usage: modprobe [-q] NAME [PARAMETER=VALUE]... | -a NAME... | -r NAME...\n"},
		{"", "", 2, "modprobe: no module named\n"},
	} {
		kernel, stderr := &fake{}, &bytes.Buffer{}
		status := Modprobe(index(t), config, kernel, strings.Fields(tt.args), stderr)
		if got := strings.Join(kernel.log, " "); got != tt.want || status != tt.status || stderr.String() != tt.stderr {
			t.Errorf("modprobe %s: %q, status %d, %q; want %q, %d, %q", tt.args, got, status, stderr, tt.want, tt.status, tt.stderr)
		}
	}
}

func TestLoadsEachModuleOnce(t *testing.T) {
	kernel := &fake{}
	l := NewLoader(index(t), Config{}, kernel)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := l.Load("virtio_net"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if want := []string{"+failover", "+net_failover", "+virtio_net"}; !reflect.DeepEqual(kernel.log, want) {
		t.Errorf("loaded %q, want %q", kernel.log, want)
	}
}

func TestAFailureIsTriedAgain(t *testing.T) {
	kernel := &fake{}
	l := NewLoader(index(t), Config{}, kernel)
	for range 2 {
		if err := l.Load("broken"); err == nil {
			t.Error("no error")
		}
	}
	if len(kernel.log) != 2 {
		t.Errorf("asked the kernel %d times, want 2", len(kernel.log))
	}
}

// What is loaded and works is not handed to the kernel again: the file of one that is read here is nowhere.
func TestLoadsNothingThatIsThere(t *testing.T) {
	state := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s + "\n")} }
	system := System{Dir: t.TempDir(), Sys: fstest.MapFS{"module/failover/initstate": state("live"), "module/net_failover/initstate": state("live"),
		"module/md5/initstate": state("coming"), "module/nfsd/initstate": state("live"), "module/virtio_net/initstate": state("going")}}
	for file, there := range map[string]bool{"kernel/net/net_failover.ko": true, "kernel/net/failover.ko": true, "kernel/crypto/md5.ko": false, "kernel/net/virtio_net.ko": false, "kernel/fs/none.ko": false} {
		if err := system.Load(file, ""); (err == nil) != there {
			t.Errorf("%s: %v; it is there: %t", file, err, there)
		}
	}
	for name, want := range map[string]bool{"net-failover": true, "ext4": true, "nothing": false, "md5": false, "crypto-md5": false, "virtio:d00000001v00001AF4": false,
		"fs-nfsd": false /* which brings others */, "failover": true} {
		if got := index(t).Settled(name, system.Live); got != want {
			t.Errorf("nothing is left to do for %s: %t, want %t", name, got, want)
		}
	}
}

func TestMatchDevice(t *testing.T) {
	for modalias, want := range map[string][]string{
		"virtio:d00000001v00001AF4":                             {"virtio_net"},
		"pci:v00008086d200Fsv0000103Csd0000060Fbc02sc00i00":     {"a_ring", "broken"},
		"pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00": {"broken"},
		"acpi:PNP0C0C:":       {"b_ring"},
		"acpi:LNXPWRBN:":      nil,
		"":                    nil,
		"virtio:d00000002v00": nil,
	} {
		if got := index(t).Match(modalias); !reflect.DeepEqual(got, want) {
			t.Errorf("Match(%q) = %q, want %q", modalias, got, want)
		}
	}
}

func TestAliasesOfAFile(t *testing.T) {
	a := readAliases([]byte("# a comment\nalias usb:v1-x* one\nalias usb:v[1-2]* two-b\n\nalias\nalias  odd\nalias usb:v2\nalias usb:v1* three four\n" +
		"other usb:v1* five\nalias usb:v* one\nalias pci:v00008086d1* long\nalias pci:v00008086d* longer\nalias *:v1* any\nalias usb:v1* last"))
	for name, want := range map[string]string{
		"usb:v1-x": "any one two_b last", "usb:v1_x": "any one two_b last", "usb:v2": "two_b one", "usb:v-": "one", "pci:v00008086d12": "long longer",
		"pci:v1": "any", "pci:v00008086": "", "usb": "", "": "",
	} {
		if got := strings.Join(a.match(name), " "); got != want {
			t.Errorf("%s matches %q, want %q", name, got, want)
		}
	}
}

func TestMatchPattern(t *testing.T) {
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"*", "", true}, {"a*", "a", true}, {"*a", "ba", true}, {"*a", "ab", false},
		{"a?c", "abc", true}, {"a?c", "ac", false}, {"*ab*ab", "abxab", true}, {"dmi*:rn/x:*", "dmi:y:rn/x:z", true},
		{"[a-c]x", "bx", true}, {"[!a-c]x", "bx", false}, {"[!a-c]x", "dx", true}, {"[ab", "[ab", true}, {"[]", "[]", true},
		{"d[0-9]v*", "d7v", true}, {"d[A-F0-9]v*", "dBv", true}, {"d[A-F0-9]v*", "dGv", false},
	} {
		if got := match(tt.pattern, tt.s); got != tt.want {
			t.Errorf("match(%q, %q) = %v", tt.pattern, tt.s, got)
		}
	}
}

func FuzzIndex(f *testing.F) {
	for _, file := range files {
		f.Add(string(file.Data), "pci:v00008086d200Fsv0")
	}
	f.Add("softdep a pre: a post: a\nalias [ ] a\nalias *[!]* a\na.ko: a.ko\n:", "[]")
	f.Fuzz(func(t *testing.T, text, name string) {
		all := fstest.MapFS{}
		for _, file := range []string{"modules.dep", "modules.alias", "modules.softdep", "modules.builtin"} {
			all[file] = &fstest.MapFile{Data: []byte(text)}
		}
		x, err := ReadIndex(all)
		if err != nil {
			return
		}
		l := NewLoader(x, Config{}, &fake{})
		_ = l.Load(name)
		for _, found := range x.Match(name) {
			_ = l.Load(found)
		}
	})
}

// BenchmarkMatch stands for a generic kernel: 20,000 aliases, 300 devices.
func BenchmarkMatch(b *testing.B) {
	var text []byte
	for i := range 20000 {
		text = fmt.Appendf(text, "alias pci:v%08Xd%08Xsv*sd*bc*sc*i* m\n", 0x8000+i%50, i)
	}
	a := readAliases(text)
	for b.Loop() {
		for i := range 300 {
			a.match(fmt.Sprintf("pci:v%08Xd%08Xsv00008086sd00000000bc02sc00i00", 0x8000+i%50, i))
		}
	}
}
