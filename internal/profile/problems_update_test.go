package profile

import "testing"

const (
	// signer is a key that may sign, proven a check of the box's own.
	signer = `"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKEMkZB1Y/bE0VwOHcpFq5mDFjJFt4dUX7BzVfM8nqL you@desk"`
	proven = "[time]\nservers = [\"192.0.2.1\", \"192.0.2.2\", \"192.0.2.3\"]\n[check.a]\ncommand = [\"/bin/true\"]\non_box = true\n"
	// taking is a profile with all that [update] needs, of which the last line may go on.
	taking = sound + proven + "[update]\nkeys = [" + signer + "]\n"
)

var updateProblems = []problemCase{
	{"sound updates", taking, nil},
	{"all that there is", taking + "source = \"https://updates.example.net:8443/box/box.update\"\nca = \"/etc/ca.pem\"\nauto = \"apply\"\nwindow = \"23:00-01:00\"\ninterval = \"1h\"\ntries = 1\n", nil},
	{"keys", sound + proven + "[update]\nkeys = [\"x\", \"-----BEGIN OPENSSH PRIVATE KEY-----\", \"no-pty ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKEMkZB1Y/bE0VwOHcpFq5mDFjJFt4dUX7BzVfM8nqL\"]\n", []string{
		`p.toml:14:9: update.keys[0]: is no public key; accepted: `,
		`p.toml:14:14: update.keys[1]: is a private key, which belongs to its owner alone`,
		`p.toml:14:53: update.keys[2]: has options, which are for logins; accepted: the key without them`,
	}},
	{"no keys", sound + proven + "[update]\nkeys = []\n", []string{`p.toml:14:8: update.keys: is empty, and a version that nobody signed is not taken; accepted: one or more public keys`}},
	{"not even the word", sound + proven + "[update]\nauto = \"off\"\n", []string{`p.toml:13:1: update: needs a key "keys"`}},
	{"an address without https", taking + "source = \"http://example.net/box.update\"\n", []string{`p.toml:15:10: update.source: "http://example.net/box.update" is not where a version can be; accepted: https://HOST/PATH/NAME.update`}},
	{"an account", taking + "source = \"https://eve:secret@example.net/box.update\"\n", []string{`p.toml:15:10: update.source: has an account in it, and who reads the log of the box would know that; accepted: https://HOST`}},
	{"a question", taking + "source = \"https://example.net/box.update?x\"\n", []string{`p.toml:15:10: update.source: "https://example.net/box.update?x" is not where`}},
	{"no port", taking + "source = \"https://example.net:99999/box.update\"\n", []string{`p.toml:15:10: update.source: "https://example.net:99999/box.update" is not where`}},
	{"a version that no box takes", "version = \"2026.48\"\n" + taking + "minimum_version = \"2026.49\"\n", []string{`p.toml:16:19: update.minimum_version: 2026.49 is newer than this version, 2026.48, which no box would take then; accepted: an older one`}},
	{"a fragment", taking + "source = \"https://example.net/box.update#\"\n", []string{`p.toml:15:10: update.source: "https://example.net/box.update#" is not where`}},
	{"no host", taking + "source = \"https:///box.update\"\n", []string{`p.toml:15:10: update.source: "https:///box.update" is not where`}},
	{"a folder", taking + "source = \"https://example.net/box/\"\n", []string{`p.toml:15:10: update.source: "https://example.net/box/" is not where`}},
	{"no name", taking + "source = \"https://example.net/.update\"\n", []string{`p.toml:15:10: update.source: "https://example.net/.update" is not where`}},
	{"a blank", taking + "source = \"https://example.net/a b.update\"\n", []string{`p.toml:15:10: update.source: "https://example.net/a b.update" is not where`}},
	{"words and times", taking + "source = \"https://example.net/b.update\"\nauto = \"always\"\nwindow = \"2-4\"\ninterval = \"1s\"\ntries = 10\nca = \"ca.pem\"\n", []string{
		`p.toml:16:8: update.auto: "always"; accepted: apply, download, off`,
		`p.toml:17:10: update.window: "2-4" is no time of the day; accepted: such as "02:00-04:30", in UTC`,
		`p.toml:18:12: update.interval: is 1s; accepted: 1m or more`,
		`p.toml:19:9: update.tries: is 10; accepted: 1 to 9`,
		`p.toml:20:6: update.ca: "ca.pem" is not an absolute path; accepted: `,
	}},
	{"what there is nobody to ask for", taking + "auto = \"download\"\ninterval = \"1h\"\nca = \"/etc/ca.pem\"\nwindow = \"02:00-04:00\"\n", []string{
		`p.toml:15:8: update.auto: is "download", and there is nowhere to ask for versions; accepted: with update.source, or "off"`,
		`p.toml:16:12: update.interval: is how often the source is asked, and there is none; accepted: with update.source`,
		`p.toml:17:6: update.ca: is for the source's server, and there is no source; accepted: with update.source`,
		`p.toml:18:10: update.window: is when a version is started by itself, and auto = "download"; accepted: with auto = "apply"`,
	}},
	{"no clock", sound + "[update]\nkeys = [" + signer + "]\nsource = \"https://example.net/b.update\"\n[check.a]\ncommand = [\"/bin/true\"]\non_box = true\n", []string{
		`p.toml:10:10: warning: update.source: its server's certificate is judged by the machine's clock, which nothing sets; accepted: time.servers, or time.dhcp = true`,
	}},
	{"nothing proves it", sound + "[update]\nkeys = [" + signer + "]\n[check.a]\ncommand = [\"/bin/true\"]\n", []string{
		`p.toml:8:1: update: nothing says when a new version is good; accepted: on_box = true in one or more [check.NAME]`,
	}},
	{"checks on the box", sound + "[check.a]\nconsole = \"ttyS0\"\nexpect = \"x\"\non_box = true\n[check.b]\ncommand = [\"/bin/true\"]\n[check.c]\nafter = \"b\"\ncommand = [\"/bin/true\"]\non_box = true\n", []string{
		`p.toml:11:10: check.a.on_box: is for what the box can ask itself, and this check is of a console; accepted: in a check of a unit, a fact or a command`,
		`p.toml:15:9: check.c.after: [check.b] does not run on the box, and this check does; accepted: on_box = true there, too`,
	}},
	{"versions", "version = \"v1\"\n" + sound, []string{`p.toml:1:11: version: "v1" is not a version; accepted: up to 40 letters, digits and . - _ + ~, of which the first is a digit, such as 2026.49`}},
}

// A version is the profile's own, as its name is.
func TestVersionIsNotInherited(t *testing.T) {
	files := map[string]string{"base.toml": "version = \"1\"\n" + sound, "mine.toml": "extends = \"base.toml\"\n", "own.toml": "extends = \"base.toml\"\nversion = \"2\"\n"}
	for file, want := range map[string]Version{"base.toml": "1", "mine.toml": "", "own.toml": "2"} {
		p, _, err := Load(file, finder(files))
		if err != nil || p.Version != want {
			t.Errorf("%s: %q, %v; want %q", file, p.Version, err, want)
		}
	}
}
