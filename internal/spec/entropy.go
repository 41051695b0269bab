package spec

// Entropy says how the kernel's random pool is helped. What makes a key waits for the
// pool (needs = ["entropy"]); nothing else does.
type Entropy struct {
	// Directory on a mounted file system where each boot leaves a seed for the next, for a
	// box without a hardware generator. Nothing is written without it.
	State string `json:"state,omitempty" zero:"refused"`
}
