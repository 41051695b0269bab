package crosscheck

import (
	"fmt"
	"strings"
	"testing"
)

func TestKeys(t *testing.T) {
	keys := func(user, more string) string {
		return "[user." + user + "]\nauthorized_keys = [\"" + key + "\"]\n" + more
	}
	const hidden = "lie in "
	finds(t, map[string][]string{
		keys("ann", ""): nil, keys("root", ""): nil,
		"[user.ann]\nauthorized_keys = [\"" + key + "\", \"no key\"]": {"2 user.ann.authorized_keys[1]: "},
		// What is mounted over a home hides the keys in it.
		keys("ann", "[mount.\"/home\"]\nsource = \"LABEL=h\"\ntype = \"ext4\""):                         {"2 user.ann.authorized_keys: " + hidden + "/home/ann/.ssh of the image, and what is mounted at /home hides them; accepted: another user.ann.home, or the keys in that file system instead"},
		keys("ann", "[mount.\"/home/ann\"]\nsource = \"LABEL=h\"\ntype = \"ext4\""):                     {"2 user.ann.authorized_keys: " + hidden},
		keys("ann", "[mount.\"/home/ann/.ssh\"]\nsource = \"LABEL=h\"\ntype = \"ext4\""):                nil,
		keys("ann", "[mount.\"/home/annie\"]\nsource = \"LABEL=h\"\ntype = \"ext4\""):                   nil,
		keys("root", "[mount.\"/home\"]\nsource = \"LABEL=h\"\ntype = \"ext4\""):                        nil,
		keys("root", "[mount.\"/root\"]\nsource = \"LABEL=h\"\ntype = \"ext4\""):                        {"2 user.root.authorized_keys: lie in /root/.ssh of the image"},
		keys("root", "home = \"/home/root\"\n[mount.\"/home\"]\nsource = \"LABEL=h\"\ntype = \"ext4\""): {"2 user.root.authorized_keys: lie in /home/root/.ssh of the image"},
		keys("ann", "home = \"/srv/ann\"\n[mount.\"/home\"]\nsource = \"LABEL=h\"\ntype = \"ext4\""):    nil,
		keys("ann", "home = \"/srv/ann\"\n[mount.\"/srv\"]\nsource = \"LABEL=h\"\ntype = \"ext4\""):     {"2 user.ann.authorized_keys: lie in /srv/ann/.ssh of the image"},
		keys("ann", "home = \"/tmp/ann\""):                                                              {"2 user.ann.authorized_keys: lie in /tmp/ann/.ssh of the image, and what is mounted at /tmp hides them; accepted: another user.ann.home, for this place is empty at each boot"},
		keys("ann", "home = \"/run\""):                                                                  {"2 user.ann.authorized_keys: lie in /run/.ssh of the image"},
		keys("ann", "home = \"/runs\""):                                                                 nil,
		"[user.ann]\nhome = \"/tmp/ann\"":                                                               nil,
		keys("ann", "home = 7\n[mount.\"/home\"]\nsource = \"LABEL=h\"\ntype = \"ext4\""):               nil, // not told twice
	})
}

// Where servers listen: on an address that the machine has, may get, or cannot have.
func TestListens(t *testing.T) {
	const lan = "[ethernet.lan]\nra = false\naddresses = [\"192.0.2.1/24\"]\n"
	ssh := func(more, listen string) string { return "[ssh]\nlisten = [" + listen + "]\n" + more }
	finds(t, map[string][]string{
		ssh(lan, `"192.0.2.1"`): nil, ssh(lan, `"127.0.0.1"`): nil, ssh(lan, `"::1"`): nil, ssh(lan, `"0.0.0.0"`): nil, ssh(lan, `"::"`): nil,
		ssh(lan, `"192.0.2.2"`):                 {"2 ssh.listen[0]: no interface has 192.0.2.2 or could get it, so nobody reaches the SSH server; accepted: 192.0.2.1, no listen for all"},
		ssh(lan, `"192.0.2.1", "192.0.2.2"`):    {"2 ssh.listen[1]: no interface has 192.0.2.2"},
		ssh(lan, `"2001:db8::1"`):               {"2 ssh.listen[0]: no interface has 2001:db8::1"},
		ssh(lan, `"224.0.0.1"`):                 {"2 ssh.listen[0]: 224.0.0.1 is a group's address; accepted: an address of this machine"},
		ssh(lan, `"fe80::1%lan"`):               nil,
		ssh(lan, `"fe80::1"`):                   {"2 ssh.listen[0]: fe80::1 is on every link, and its interface is not named; accepted: such as fe80::1%lan"},
		ssh(lan, `"fe80::1%lam"`):               {"2 ssh.listen[0]: fe80::1%lam is on every link, and its interface is not named; did you mean lan?; accepted: such as fe80::1%lan"},
		ssh("", `"fe80::1"`):                    {"2 ssh.listen[0]: fe80::1 is on every link, and its interface is not named; accepted: such as fe80::1%lan"},
		ssh("[ethernt.lam]\n", `"fe80::1%lam"`): nil,
		// By DHCP it may get one of IPv4, from routers one of IPv6.
		ssh("[ethernet.lan]\ndhcp4 = true\nra = false\n", `"192.0.2.1"`):                                                {"2 warning: ssh.listen[0]: no row gives an interface 192.0.2.1: unless DHCP or a router brings it, nobody reaches the SSH server"},
		ssh("[ethernet.lan]\ndhcp4 = true\nra = false\n", `"2001:db8::1"`):                                              {"2 ssh.listen[0]: no interface has 2001:db8::1"},
		ssh("[ethernet.lan]\ndhcp4 = true\n", `"2001:db8::1"`):                                                          {"2 warning: ssh.listen[0]: no row gives"},
		ssh("[ethernet.lan]\ndhcp6 = true\nra = false\n", `"2001:db8::1"`):                                              {"2 warning: ssh.listen[0]: no row gives"},
		ssh("[ethernet.lan]\ndhcp6 = false\nra = false\ndhcp4 = true\n", `"2001:db8::1"`):                               {"2 ssh.listen[0]: no interface has"},
		ssh("[ethernet.lan]\nra = true\n", `"192.0.2.1"`):                                                               {"2 ssh.listen[0]: no interface has"},
		ssh("[ethernet.lan]\nno_address = true\n", `"2001:db8::1"`):                                                     {"2 ssh.listen[0]: no interface has"},
		ssh("[dummy.d]\n", `"2001:db8::1"`):                                                                             {"2 ssh.listen[0]: no interface has"},
		ssh("[ethernet.p]\n[bridge.b]\nports = [\"p\"]\nra = false\naddresses = [\"192.0.2.1/24\"]\n", `"2001:db8::1"`): {"2 ssh.listen[0]: no interface has"},
		// What the owner or the kernel line may bring.
		ssh("", `"192.0.2.1"`): {"2 warning: ssh.listen[0]: no row gives an interface 192.0.2.1"},
		ssh("[site]\nallow = [\"addresses\"]\n"+lan, `"192.0.2.2"`):                     {"2 warning: ssh.listen[0]: no row gives"},
		ssh("[site]\nallow = [\"vlans\"]\n"+lan, `"192.0.2.2"`):                         {"2 warning: ssh.listen[0]: no row gives"},
		ssh("[site]\nallow = [\"hostname\"]\n"+lan, `"192.0.2.2"`):                      {"2 ssh.listen[0]: no interface has"},
		ssh("[ethernet]\nlan = 7\n[dummy.d]\n", `"192.0.2.2"`):                          nil, // it may be that row's
		ssh("[ethernet.lan]\nra = false\naddresses = [\"192.0.2.2\"]\n", `"192.0.2.2"`): nil, // that was told already
		ssh("[ethernet.lan]\nra = false\ndhcp4 = \"yes\"\n", `"192.0.2.2"`):             nil,

		// Disks.
		lan + "[share.iscsi.d]\ntarget = \"iqn.2026-01.example.nas:d\"\nsource = \"/srv/d\"\nlisten = [\"192.0.2.1\", \"192.0.2.9\"]": {"7 share.iscsi.d.listen[1]: no interface has 192.0.2.9 or could get it, so nobody reaches the disk"},
	})
}

const (
	correct = "password_hash = \"$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0\"\n"
	homes   = "[mount.\"/home\"]\nsource = \"LABEL=h\"\ntype = \"ext4\"\n"
	ways    = "authorized_keys = [\"" + key + "\"]\n"
)

// Who can log in on a terminal, and who over the network; where nobody can by SSH, what is said of it.
func TestWhoEnters(t *testing.T) {
	for text, c := range map[string]struct {
		console, ssh bool
		alone        string // KeysAlone
		trouble      string // SSHTrouble, its beginning
	}{
		"":                {},
		"[console.ttyS0]": {},
		"[console.ttyS0]\n[user.root]\n" + correct:                               {console: true},
		"[console.ttyS0]\n[user.ann]\n" + correct:                                {console: true},
		"[console.ttyS0]\nlogin = \"off\"\n[user.root]\n" + correct:              {},
		"[console.ttyS0]\nlogin = \"autologin\"":                                 {console: true},
		"[console.ttyS0]\n[user.ann]\nshell = \"/usr/sbin/nologin\"\n" + correct: {},
		"[console.ttyS0]\n[user.ann]\nshell = \"/bin/false\"\n" + correct:        {},
		"[console.ttyS0]\n[user.ann]\nshell = \"/bin/true\"\n" + correct:         {},
		"[console.ttyS0]\n[access]\nhost_password = true":                        {console: true},
		"[console.ttyS0]\n[site]\nallow = [\"password_hash\"]":                   {console: true},
		"[console.ttyS0]\n[site]\nallow = [\"authorized_keys\"]":                 {},
		"[access]\nhost_password = true\n[user.root]\n" + correct:                {},

		"[ssh]":                      {trouble: "nobody could log in by SSH: no account has keys; accepted: user.NAME.authorized_keys, or password = true here and user.NAME.password_hash"},
		"[user.ann]\n" + ways:        {},
		"[ssh]\n[user.ann]\n" + ways: {ssh: true},
		"[ssh]\n[user.ann]\nshell = \"/bin/false\"\n" + ways: {trouble: "nobody could log in by SSH: whoever has a key has no shell"},
		"[ssh]\n[user.ann]\n" + correct:                      {trouble: "nobody could log in by SSH: no account has keys"},
		"[ssh]\npassword = true\n[user.ann]\n" + correct:     {ssh: true},
		"[ssh]\npassword = true":                             {trouble: "nobody could log in by SSH: no account has keys"},
		"[ssh]\n[site]\nallow = [\"authorized_keys\"]":       {ssh: true},
		"[ssh]\n[site]\nallow = [\"password_hash\"]":         {trouble: "nobody could log in by SSH: no account has keys"},
		// Who gets files alone is let in, but has no shell at a console.
		"[ssh]\n[user.ann]\nsftp_only = \"/srv\"\n" + ways:                     {ssh: true},
		"[ssh]\npassword = true\n[user.ann]\nsftp_only = \"/srv\"\n" + correct: {ssh: true},
		"[console.ttyS0]\n[user.ann]\nsftp_only = \"/srv\"\n" + correct:        {},
		// Root may be kept out of SSH, and everybody who has its number.
		"[ssh]\nroot = false\n[user.root]\n" + ways:                                         {trouble: "nobody could log in by SSH: root is kept out, and nobody else has keys; accepted: "},
		"[ssh]\nroot = false\n[user.toor]\nuid = 0\n" + ways:                                {trouble: "nobody could log in by SSH: root is kept out"},
		"[ssh]\nroot = false\npassword = true\n[user.root]\n" + correct:                     {trouble: "nobody could log in by SSH: root is kept out"},
		"[ssh]\nroot = false\npassword = true\n[access]\nhost_password = true":              {trouble: "nobody could log in by SSH: no account has keys"},
		"[ssh]\nroot = false\n" + strings.Replace(homes, "/home", "/root", 1):               {trouble: "nobody could log in by SSH: no account has keys"},
		"[ssh]\nroot = false\n[user.root]\n" + ways + "[user.ann]\n" + ways:                 {ssh: true},
		"[ssh]\nroot = false\npassword = true\n[user.ann]\n" + correct:                      {ssh: true},
		"[ssh]\nroot = false\n[site]\nallow = [\"authorized_keys\"]":                        {ssh: true},
		"[ssh]\nroot = false\npassword = true\n[user.root]\n" + correct + "[console.ttyS0]": {console: true, trouble: "nobody could log in by SSH: root is kept out"},
		// Keys may lie in a file system that is mounted over homes.
		"[ssh]\n[user.ann]\n" + homes:                           {ssh: true, alone: "/home"},
		"[ssh]\n[user.ann]\n[user.bob]\n" + homes:               {ssh: true, alone: "/home"},
		"[ssh]\n" + homes:                                       {trouble: "nobody could log in by SSH: no account has keys"},
		"[ssh]\n" + strings.Replace(homes, "/home", "/root", 1): {ssh: true, alone: "/root"},
		"[ssh]\n[user.ann]\nshell = \"/bin/false\"\n" + homes:   {trouble: "nobody could log in by SSH: no account has keys"},
		"[ssh]\n[user.ann]\nhome = \"/tmp/ann\"":                {trouble: "nobody could log in by SSH: no account has keys"},
		"[ssh]\n[user.bob]\n" + ways + "[user.ann]\n" + homes:   {ssh: true},
		"[user.ann]\n" + homes:                                  {},
		// It has to be reached.
		"[ssh]\nlisten = [\"127.0.0.1\"]\n[user.ann]\n" + ways:                                                    {trouble: "nobody could log in by SSH: it listens on no address that another machine reaches"},
		"[ssh]\nlisten = [\"127.0.0.1\", \"192.0.2.1\"]\n[user.ann]\n" + ways:                                     {ssh: true},
		"[ssh]\nlisten = [\"224.0.0.1\"]\n[user.ann]\n" + ways:                                                    {trouble: "nobody could log in by SSH: it listens on no address"},
		"[ssh]\nlisten = [\"192.0.2.2\"]\n[user.ann]\n" + ways + "[ethernet.lan]\naddresses = [\"192.0.2.1/24\"]": {trouble: "nobody could log in by SSH: it listens on no address"},
		"[ssh]\nlisten = [\"192.0.2.1\"]\n[user.ann]\n" + ways + "[ethernet.lan]\naddresses = [\"192.0.2.1/24\"]": {ssh: true},
		"[ssh]\n[user.ann]\n" + ways + "[dummy.d]":                                                                {trouble: "nobody could log in by SSH: it listens on no address"},
		"[ssh]\n[user.ann]\n" + ways + "[ethernet.e]\nno_address = true":                                          {trouble: "nobody could log in by SSH: it listens on no address"},
		"[ssh]\n[user.ann]\n" + ways + "[dummy.d]\n[ethernet.e]\ndhcp4 = true":                                    {ssh: true},
		"[ssh]\n[user.ann]\n" + ways + "[ethernet.e]\n[bridge.b]\nno_address = true\nports = [\"e\"]":             {trouble: "nobody could log in by SSH: it listens on no address"},
	} {
		m, _, _, doubts := read(t, text)
		if doubts.About("user") || doubts.About("ssh") || doubts.About("console") || doubts.About("mount") {
			t.Errorf("%s\n-- does not fit", text)
		}
		alone := strings.Join(KeysAlone(m), " ")
		trouble := SSHTrouble(m)
		got := fmt.Sprintf("console %v, ssh %v, alone %q, trouble %q", EntersByConsole(m), EntersBySSH(m), alone, trouble)
		want := fmt.Sprintf("console %v, ssh %v, alone %q, trouble %q", c.console, c.ssh, c.alone, c.trouble)
		if c.trouble != "" && strings.HasPrefix(trouble, c.trouble) {
			want = strings.TrimSuffix(want, strings.TrimPrefix(fmt.Sprintf("%q", c.trouble), `"`)) + strings.TrimPrefix(fmt.Sprintf("%q", trouble), `"`)
		}
		if got != want {
			t.Errorf("%s\n-- is\n%s\n-- want\n%s", text, got, want)
		}
	}
}
