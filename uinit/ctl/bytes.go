package ctl

import "fmt"

// Bytes is a number of bytes in four digits and a unit.
func Bytes(n int64) string {
	for _, unit := range []string{"", "K", "M", "G", "T"} {
		if n < 10240 {
			return fmt.Sprintf("%d%s", n, unit)
		}
		n >>= 10
	}
	return fmt.Sprintf("%dP", n)
}
