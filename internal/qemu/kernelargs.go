package qemu

import "strconv"

// KernelArgs returns words for the end of the kernel line of a guest under
// accel. tscKHz is the host's (package tsc), 0 where unknown.
func KernelArgs(accel string, tscKHz int) []string {
	// A panic becomes a reboot at once, and that ends QEMU: no waiting for the limit.
	words := []string{"panic=-1"}
	if accel == AccelKVM {
		return words
	}
	// On a loaded host the emulated timers look broken to IO-APIC set-up, about
	// once in 20 boots; and crypto's self-tests take 1.5 s to test the emulator.
	words = append(words, "no_timer_check", "cryptomgr.notests")
	if tscKHz > 0 {
		// TCG hands the host's counter through. Measured against emulated timers its
		// rate comes out wrong now and then, and the guest's clock runs wild.
		words = append(words, "tsc_early_khz="+strconv.Itoa(tscKHz), "tsc=reliable")
	}
	return words
}
