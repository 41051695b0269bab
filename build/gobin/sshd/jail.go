package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/bounded"
)

// confined says whether the account's directory holds: it, and each that it lies in, is root's, and nobody else writes there
// (sshd_config(5), ChrootDirectory). Whoever could put something in its place would choose what the account's root is.
func (a account) confined() error {
	if a.uid == 0 {
		return errors.New("root would leave any directory")
	}
	for dir := a.jail; ; dir = filepath.Dir(dir) {
		folder, err := bounded.Folder(dir)
		if err == nil {
			err = (account{}).owns(folder)
			folder.Close()
		}
		if err != nil {
			return fmt.Errorf("its directory %s: %w", a.jail, err)
		}
		if dir == "/" {
			return nil
		}
	}
}

// jailed answers an account that gets SFTP and nothing else.
func (s *session) jailed(kind string, payload []byte) error {
	switch kind {
	case "env", "window-change", "break", "eow@openssh.com", "keepalive@openssh.com":
		return nil
	case "signal":
		var q signalRequest
		if err := ssh.Unmarshal(payload, &q); err != nil || s.program == nil {
			return err
		}
		return s.program.signal(unix.SignalNum("SIG" + q.Signal))
	case "subsystem":
		var q commandRequest
		if err := ssh.Unmarshal(payload, &q); err != nil {
			return err
		}
		if q.Command == "sftp" {
			return s.launch(launchOptions{sftp: s.server.sftp})
		}
	}
	return toldError{errors.New("the account gets SFTP and nothing else"), started{Err: "This account has SFTP and nothing else.\r\n"}}
}

// jailArgs are those of sftp-server.
func jailArgs(a account) []string {
	groups := []string{strconv.Itoa(int(a.gid))}
	for _, g := range a.groups {
		if g != a.gid {
			groups = append(groups, strconv.Itoa(int(g)))
		}
	}
	return []string{"sftp-server", "-below", a.jail, "-as", fmt.Sprintf("%d:%s", a.uid, strings.Join(groups, ",")), "-home", a.home}
}
