//go:build !nosyslog && !nosyslogtls

package features

import "github.com/imgbuild/imgbuild/uinit/log/secure"

func init() { encryption = secure.Client }
