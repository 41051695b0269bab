package share

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// What is there already, or gone, is as wanted; anything else stops what builds on it, and shows no password.
func TestApply(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	over, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("going down"))
	for _, tt := range []struct {
		ctx  context.Context
		ops  []Op
		err  string
		made []string
	}{
		{t.Context(), []Op{{Verb: Make, Path: at("a")}, {Verb: Make, Path: at("a")}, {Verb: Link, Path: at("l"), Value: at("a")}, {Verb: Link, Path: at("l"), Value: at("a")}, {Verb: Write, Path: at("w"), Value: "1"}}, "", []string{"a", "l", "w"}},
		{t.Context(), []Op{{Verb: remove, Path: at("gone")}, {Verb: remove, Path: at("l")}, {Verb: remove, Path: at("a")}, {Verb: remove, Path: at("a")}, {Verb: Write, Path: at("x"), Value: "0"}}, "", []string{"w", "x"}},
		{t.Context(), []Op{{Verb: Write, Path: at("none/w"), Value: "secret", Secret: true}, {Verb: Make, Path: at("later")}}, "none/w ...: no such file or directory", []string{"w", "x"}},
		{t.Context(), []Op{{Verb: Write, Path: at("none/w"), Value: "5"}, {Verb: Make, Path: at("later")}}, "none/w 5: no such file or directory", []string{"w", "x"}},
		{t.Context(), []Op{{Verb: Make, Path: at("none/d")}, {Verb: Make, Path: at("later")}}, "none/d : no such file or directory", []string{"w", "x"}},
		// Taking back goes on, and says what could not be; a folder with disks of others in it stays.
		{t.Context(), []Op{{Verb: Write, Path: at("none/enable"), Value: "0"}, {Verb: Make, Path: at("d")}, {Verb: Make, Path: at("d/e")}, {Verb: remove, Path: at("d")}, {Verb: remove, Path: at("w")}},
			"none/enable 0: no such file or directory", []string{"d", "x"}},
		{over, []Op{{Verb: Make, Path: at("later")}}, "going down", []string{"d", "x"}},
	} {
		err := apply(tt.ctx, tt.ops)
		if (err == nil) != (tt.err == "") || err != nil && (!strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%+v: %v, want %q", tt.ops, err, tt.err)
		}
		var names []string
		left, _ := os.ReadDir(dir)
		for _, e := range left {
			names = append(names, e.Name())
		}
		if strings.Join(names, " ") != strings.Join(tt.made, " ") {
			t.Errorf("%+v left %q, want %q", tt.ops, names, tt.made)
		}
	}
}

// The edges of a password that RFC 7143 and the kernel allow.
func TestPasswordEdges(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	for text, ok := range map[string]bool{
		strings.Repeat("x", 11): false, strings.Repeat("x", 12): true, strings.Repeat("x", 255): true, strings.Repeat("x", 255) + "\r\n": true,
		strings.Repeat("x", 256): false, "correct\x00horse": false, "NULL and more": false, "not NULL at all": true, "correct horse\n\n": true,
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := password(spec.Source{File: file}, nil)
		if (err == nil) != ok || ok && got != strings.TrimRight(text, "\r\n") {
			t.Errorf("%.20q: %.20q, %v", text, got, err)
		}
	}
	if got, err := password(spec.Source{}, nil); got != "" || err != nil {
		t.Errorf("no file: %q, %v", got, err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{empty: "is empty", "/dev/null": "/dev/null is not a block device", "/dev/no-such": "no such file"} {
		if _, err := find(spec.ISCSIShare{Source: source, Insecure: true}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", source, err)
		}
	}
}

// Who asks what there is, is asked for one account where all rows have the same one, to its last file.
func TestDiscoveryOfOneAccount(t *testing.T) {
	same := spec.ISCSIShare{User: "anna", PasswordFile: spec.Source{File: "/a"}, MutualUser: "nas", MutualPasswordFile: spec.Source{File: "/m"}}
	disks := map[string]Disk{"a": {Password: "correct horse", Mutual: "battery staple"}, "b": {Password: "correct horse", Mutual: "battery staple"}}
	for name, tt := range map[string]struct {
		change func(*spec.ISCSIShare)
		asked  bool
	}{
		"the same": {func(*spec.ISCSIShare) {}, true}, "another user": {func(r *spec.ISCSIShare) { r.User = "ben" }, false}, "another password": {func(r *spec.ISCSIShare) { r.PasswordFile.File = "/b" }, false},
		"another name of ours": {func(r *spec.ISCSIShare) { r.MutualUser = "box" }, false}, "another password of ours": {func(r *spec.ISCSIShare) { r.MutualPasswordFile.File = "/n" }, false}, "nobody": {func(r *spec.ISCSIShare) { r.User = "" }, false},
		"another disk": {func(r *spec.ISCSIShare) { r.Source, r.ReadOnly = "/x", true }, true},
	} {
		other := same
		tt.change(&other)
		ops := planDiscovery(map[string]spec.ISCSIShare{"a": same, "b": other}, disks)
		if (len(ops) > 0) != tt.asked || tt.asked && (len(ops) != 6 || !ops[2].Secret || !ops[4].Secret) {
			t.Errorf("%s: %+v", name, ops)
		}
	}
}

// Disks are offered in a tree that looks like the kernel's: what is offered already stays, what may not be used is told, and
// does not keep others from being offered.
func TestOfferAll(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root may mount")
	}
	if !nettest.Within(t, 60e9, syscall.CLONE_NEWNS) {
		return
	}
	if err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("tmpfs", "/sys/kernel", "tmpfs", 0, "")); err != nil {
		t.Fatal(err)
	}
	if err := StopISCSI(t.Context(), map[string]spec.ISCSIShare{"a": {}}); err != nil {
		t.Errorf("what was never offered is taken back: %v", err)
	}
	dir := t.TempDir()
	rows := map[string]spec.ISCSIShare{}
	for _, name := range []string{"a", "b", "c"} {
		cfg := spec.ISCSIShare{Target: spec.IQN("iqn.2026-01.example:" + name), Source: filepath.Join(dir, name), Size: 4096, Insecure: true, ReadOnly: name == "a"}
		rows[name] = cfg
		for _, d := range []string{"core/fileio_0/" + name + "/wwn", "iscsi/" + string(cfg.Target) + "/tpgt_1/lun/lun_0", "iscsi/" + string(cfg.Target) + "/tpgt_1/attrib", "iscsi/" + string(cfg.Target) + "/tpgt_1/np"} {
			if err := os.MkdirAll(filepath.Join(target, d), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	enable := func(name string) string {
		text, _ := os.ReadFile(group(rows[name]) + "/enable")
		return string(text)
	}
	// b was offered by a worker before this one, and may have initiators.
	if err := os.WriteFile(group(rows["b"])+"/enable", []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	why := errors.New("a member")
	err := offerAll(t.Context(), rows, nil, func(source string) error {
		if filepath.Base(source) == "c" {
			return why
		}
		return nil
	})
	if !errors.Is(err, why) || !strings.Contains(err.Error(), "offering c by iSCSI: a member") || strings.Contains(err.Error(), "offering a") {
		t.Errorf("%v", err)
	}
	if enable("a") != "1" || enable("b") != "1\n" || enable("c") != "" {
		t.Errorf("a is %q, b %q, c %q", enable("a"), enable("b"), enable("c"))
	}
	if got, err := os.Readlink(group(rows["a"]) + "/lun/lun_0/a"); got != target+"/core/fileio_0/a" || err != nil {
		t.Errorf("a leads to %q, %v", got, err)
	}
	if _, err := os.Lstat(rows["b"].Source); err == nil {
		t.Error("the file of b, which is offered, was made anew")
	}
	// Who only asks what there is, is asked for the account as well, before any disk can be had.
	secret := filepath.Join(dir, "secret")
	if err := errors.Join(os.WriteFile(secret, []byte("correct horse"), 0o600), os.MkdirAll(filepath.Join(target, "iscsi/discovery_auth"), 0o755), os.MkdirAll(group(rows["c"])+"/auth", 0o755)); err != nil {
		t.Fatal(err)
	}
	cfg := rows["c"]
	cfg.Insecure, cfg.User, cfg.PasswordFile.File = false, "anna", secret
	if err := offerAll(t.Context(), map[string]spec.ISCSIShare{"c": cfg}, nil, func(string) error { return nil }); err != nil || enable("c") != "1" {
		t.Errorf("%v; c is %q", err, enable("c"))
	}
	for name, want := range map[string]string{"iscsi/discovery_auth/userid": "anna", "iscsi/discovery_auth/password": "correct horse", "iscsi/discovery_auth/enforce_discovery_auth": "1"} {
		if got, err := os.ReadFile(filepath.Join(target, name)); string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	_ = StopISCSI(t.Context(), rows) // folders of a plain file system can't be removed with what is in them
	if enable("a") != "0" || enable("b") != "0" || enable("c") != "0" {
		t.Errorf("taken back, a is %q, b %q, c %q", enable("a"), enable("b"), enable("c"))
	}
}
