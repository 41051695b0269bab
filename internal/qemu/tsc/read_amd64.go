package tsc

// read returns the counter (RDTSC; Intel SDM volume 2B).
func read() uint64
