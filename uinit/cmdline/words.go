package cmdline

// The init's own words.
const (
	// Debug lets it say more.
	Debug = "uinit.debug"
	// Keymap names the keyboard map of the screens, in place of the image's own.
	Keymap = "uinit.keymap"
	// Panic says what follows where its worker ends by a fault, one of Panics.
	Panic = "uinit.panic"
	// TestPanic proves what follows on a fault: with the name of a unit that unit panics, alone the worker does.
	TestPanic = "uinit.test.panic"
)

// Panics are the values of Panic.
var Panics = []string{"reboot", "poweroff", "rescue"}
