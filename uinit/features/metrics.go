//go:build !nometrics

package features

import "github.com/imgbuild/imgbuild/uinit/metrics"

func init() { add(metrics.Linked) }
