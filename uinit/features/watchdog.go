//go:build !nowatchdog

package features

import "github.com/imgbuild/imgbuild/uinit/watchdog"

func init() { add(watchdog.Linked) }
