package uki_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/build/uki/ukitest"
)

func TestSeal(t *testing.T) {
	const key = "io.systemd.stub.kernel-cmdline-extra"
	version := func(v string) string { return "#### LoaderInfo: systemd-stub " + v + " ####\x00" }
	for _, tt := range []struct{ stub, want string }{
		{version("252.39-1~deb12u2"), ""},
		{"\x00" + key + "\x00" + version("257.13-1~deb13u1"), ""},
		{"\x00" + key + "=\x00" + version("260"), ""},
		{version("254"), "how version 254 of systemd's takes words from SMBIOS is not known"},
		{version("300~rc1"), "how version 300 of systemd's takes words from SMBIOS is not known"},
		{"another stub", "it is not systemd's"},
	} {
		got, err := uki.Seal([]byte(tt.stub))
		if tt.want != "" {
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%q: %v, want …%s", tt.stub, err, tt.want)
			}
			continue
		}
		if err != nil || len(got) != len(tt.stub) || bytes.Contains(got, []byte("cmdline-extra")) || !bytes.HasSuffix(got, []byte(tt.stub[strings.Index(tt.stub, "####"):])) {
			t.Errorf("%q became %q, %v", tt.stub, got, err)
		}
	}
	if stub := realStub(t); stub != nil {
		if _, err := uki.Seal(stub); err != nil {
			t.Error(err)
		}
	}
}

func TestSignRefusesAnEmptyLine(t *testing.T) {
	key, cert, err := uki.GenKey("box", 2048, time.Unix(1700000000, 0), 1)
	if err != nil {
		t.Fatal(err)
	}
	for line, ok := range map[string]bool{"quiet": true, "": false, " ": false, "\t  ": false} {
		p := parts()
		p.Cmdline = line
		image, err := uki.New(ukitest.Stub(1024), p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := uki.Sign(image, key, cert); (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "its kernel line is empty") {
			t.Errorf("%q: %v", line, err)
		}
	}
	// What is no UKI has no line.
	stub := ukitest.Stub(1024)
	program := extent.New(int64(len(stub)))
	program.Place(0, bytes.NewReader(stub))
	if _, err := uki.Sign(program, key, cert); err != nil && strings.Contains(err.Error(), "line") {
		t.Error(err)
	}
}
