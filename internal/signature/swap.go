package signature

// swaps are areas for swapping, also those that hold a machine that sleeps: ten bytes at the end of the first page, whose size
// the machine chose (include/linux/swap.h, kernel/power/swap.c).
var swaps = looking(func(r look, _ int64) []Found {
	const name, tuxOnIce = 1024 + 28, "\xed\xc3\x02\xe9\x98\x56\xe5\x0c"
	if string(r(0, len(tuxOnIce))) == tuxOnIce {
		return []Found{{Type: "swsuspend", Kind: Swap}}
	}
	for page := int64(4096); page <= 65536; page *= 2 {
		f := Found{Type: "swap", Kind: Swap, At: page - 10}
		switch string(r(f.At, 10)) {
		case "SWAP-SPACE":
			return []Found{f}
		case "SWAPSPACE2":
			if f.Name = text(r(name, 16)); le.Uint32(r(1024, 4)) == 1 || be.Uint32(r(1024, 4)) == 1 {
				return []Found{f}
			}
		case "S1SUSPEND\x00", "S2SUSPEND\x00", "ULSUSPEND\x00", "LINHIB0001":
			f.Type, f.Name = "swsuspend", text(r(name, 16))
			return []Found{f}
		}
	}
	return nil
})
