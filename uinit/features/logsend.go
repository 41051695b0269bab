//go:build !nosyslog

package features

import (
	"github.com/imgbuild/imgbuild/uinit/log/send"
	"github.com/imgbuild/imgbuild/uinit/log/syslog"
)

// encryption is there before records are sent, for logencryption.go comes before this file.
var encryption syslog.Secure

func init() { add(send.Linked(encryption)) }
