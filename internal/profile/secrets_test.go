package profile

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// What the schema calls a secret is not shown, and everything else is; the profile itself keeps it.
func TestShownHasNoSecrets(t *testing.T) {
	const nt = "8846F7EAEE8FB117AD06BDD830B7586C"
	p, _, err := Load("p.toml", finder(map[string]string{"p.toml": sound + "[user.root]\npassword_hash = \"" + goodHash + "\"\nauthorized_keys = [\"" + goodKey + "\"]\n[user.\"a-b\"]\nnt_hash = \"" + nt + "\"\n" +
		"[wireguard.wg0]\nprivate_key_file = \"/etc/key\"\naddresses = [\"192.0.2.1/24\"]\n" + disk("x", "user = \"anna\"\npassword_file = \"/etc/a\"\n")}))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Secrets(), []string{"user.a-b.nt_hash", "user.root.password_hash"}; !reflect.DeepEqual(got, want) {
		t.Errorf("secrets %q, want %q", got, want)
	}
	if got, want := p.SecretFiles(), map[string]string{"/etc/key": "wireguard.wg0.private_key_file", "/etc/a": "share.iscsi.x.password_file"}; !reflect.DeepEqual(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	text, err := json.Marshal(p.Shown())
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{p.TOML(), string(text)} {
		if strings.Contains(out, goodHash) || strings.Contains(out, nt) || strings.Count(out, "(set, not shown)") != 2 {
			t.Errorf("it shows\n%s", out)
		}
		if !strings.Contains(out, goodKey) || !strings.Contains(out, "/etc/key") {
			t.Errorf("what is public is missing in\n%s", out)
		}
	}
	if p.User["root"].PasswordHash.Value != goodHash {
		t.Error("the profile lost its hash")
	}
}

func TestMatchMode(t *testing.T) {
	for row, want := range map[string]string{
		"/etc/a.key": "/etc/a.key", "/etc/*.key": "/etc/a.key", "/**/*.key": "/etc/a.key /etc/deep/er/b.key /top.key", "/etc/**": "/etc/a.key /etc/deep/er/b.key", "/**": "/etc/a.key /etc/deep/er/b.key /top.key",
		"/etc/**/er/*": "/etc/deep/er/b.key", "/*": "/top.key", "/etc/[ab].key": "/etc/a.key", "/etc": "", "/srv/**": "",
	} {
		var got []string
		for _, file := range []string{"/etc/a.key", "/etc/deep/er/b.key", "/top.key"} {
			if MatchMode(row, file) {
				got = append(got, file)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s means %q, want %q", row, got, want)
		}
	}
}

// What a table names in place of a secret is shown, and the file of it is a secret's; the image holds none.
func TestSourcesOfSecrets(t *testing.T) {
	p, _, err := Load("p.toml", finder(map[string]string{"p.toml": sound + "[mount.\"/state\"]\nsource = \"/dev/vda\"\ntype = \"ext4\"\n[state]\npath = \"/state\"\n[user.root]\npassword_hash = { file = \"/state/hash\" }\n[user.a]\nnt_hash = { fw_cfg = \"opt/a\" }\n" +
		"[wireguard.wg0]\nprivate_key_file = { generate = true }\naddresses = [\"192.0.2.1/24\"]\n[wireguard.wg1]\nprivate_key_file = { fw_cfg = \"opt/b\" }\naddresses = [\"192.0.3.1/24\"]\n"}))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Secrets(); len(got) > 0 {
		t.Errorf("the image holds %q", got)
	}
	if got, want := p.SecretFiles(), map[string]string{"/state/hash": "user.root.password_hash", "/state/wireguard/wg0.key": "wireguard.wg0.private_key_file"}; !reflect.DeepEqual(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	text := p.TOML()
	for _, want := range []string{"file = \"/state/hash\"", "fw_cfg = \"opt/a\"", "fw_cfg = \"opt/b\"", "generate = true"} {
		if !strings.Contains(text, want) {
			t.Errorf("it shows\n%s\nwithout %s", text, want)
		}
	}
	// The init reads the same.
	raw, err := json.Marshal(p.Machine)
	var m spec.Machine
	if err != nil || json.Unmarshal(raw, &m) != nil || !reflect.DeepEqual(m.User, p.User) || !reflect.DeepEqual(m.WireGuard, p.WireGuard) {
		t.Errorf("the init reads %+v, %v", m.User, err)
	}
}
