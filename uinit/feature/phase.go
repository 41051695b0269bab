package feature

// Phase is when a step of the way down is taken. What uses something ends before it.
type Phase int

// The phases, in their order.
const (
	Guests Phase = iota // virtual machines, containers
	Shares
	Services
	State  // what the next boot is to find
	Record // that this one ended in good order
	Processes
	Log
	FileSystems
	Volumes
	Arrays
	Watchdog
)
