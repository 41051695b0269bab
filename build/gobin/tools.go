//go:build tools

// Nothing builds this file. It makes the commands part of the module's imports,
// so that go mod tidy keeps what they need in go.mod and go.sum.

package gobin

import (
	_ "github.com/u-root/gobusybox/src/pkg/bb/bbmain"
	_ "github.com/u-root/u-root/cmds/core/basename"
	_ "github.com/u-root/u-root/cmds/core/brctl"
	_ "github.com/u-root/u-root/cmds/core/comm"
	_ "github.com/u-root/u-root/cmds/core/dhclient"
	_ "github.com/u-root/u-root/cmds/core/dirname"
	_ "github.com/u-root/u-root/cmds/core/echo"
	_ "github.com/u-root/u-root/cmds/core/false"
	_ "github.com/u-root/u-root/cmds/core/gpt"
	_ "github.com/u-root/u-root/cmds/core/io"
	_ "github.com/u-root/u-root/cmds/core/kexec"
	_ "github.com/u-root/u-root/cmds/core/lsdrivers"
	_ "github.com/u-root/u-root/cmds/core/lsfd"
	_ "github.com/u-root/u-root/cmds/core/mkfifo"
	_ "github.com/u-root/u-root/cmds/core/netcat"
	_ "github.com/u-root/u-root/cmds/core/nohup"
	_ "github.com/u-root/u-root/cmds/core/ntpdate"
	_ "github.com/u-root/u-root/cmds/core/pci"
	_ "github.com/u-root/u-root/cmds/core/printenv"
	_ "github.com/u-root/u-root/cmds/core/pwd"
	_ "github.com/u-root/u-root/cmds/core/scp"
	_ "github.com/u-root/u-root/cmds/core/shasum"
	_ "github.com/u-root/u-root/cmds/core/strace"
	_ "github.com/u-root/u-root/cmds/core/switch_root"
	_ "github.com/u-root/u-root/cmds/core/sync"
	_ "github.com/u-root/u-root/cmds/core/true"
	_ "github.com/u-root/u-root/cmds/core/watchdog"
	_ "github.com/u-root/u-root/cmds/core/yes"
	_ "github.com/u-root/u-root/cmds/exp/dmidecode"
	_ "github.com/u-root/u-root/cmds/exp/ed"
	_ "github.com/u-root/u-root/cmds/exp/efivarfs"
	_ "github.com/u-root/u-root/cmds/exp/hdparm"
	_ "github.com/u-root/u-root/cmds/exp/page"
	_ "github.com/u-root/u-root/cmds/exp/partprobe"
	_ "github.com/u-root/u-root/cmds/exp/ssh"
	_ "github.com/u-root/u-root/cmds/exp/tcpdump"
)
