package features

import (
	"github.com/imgbuild/imgbuild/uinit/log"
	"github.com/imgbuild/imgbuild/uinit/log/syslog"
)

// encryption is there before log is, for encryption.go comes before this file.
var encryption syslog.Secure

func init() { add(log.Linked(encryption)) }
