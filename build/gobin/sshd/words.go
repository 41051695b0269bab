package main

// What the monitor and a speaker say to each other. A question's first byte is its kind.
type (
	// hello is the monitor's first word; the client's socket comes with it.
	hello struct {
		HostKey    []byte
		Algorithms []string
		Passwords  bool
	}
	// signQuestion asks for the host key's signature of an exchange hash (RFC 4253, section 8).
	signQuestion struct {
		Algorithm string `sshtype:"1"`
		Hash      []byte
	}
	// keyQuestion asks whether a key would open an account. A yes lets nobody in.
	keyQuestion struct {
		User string `sshtype:"2"`
		Key  []byte
	}
	// proofQuestion asks to be let in by a key: it holds the client's whole request, signature and all.
	proofQuestion struct {
		Packet []byte `sshtype:"3" ssh:"rest"`
	}
	// passwordQuestion asks to be let in by a password.
	passwordQuestion struct {
		User     string `sshtype:"4"`
		Password []byte
	}
	// sessionQuestion asks for a session: its own line comes with the answer.
	sessionQuestion struct {
		Nothing []byte `sshtype:"5" ssh:"rest"`
	}
	// farewell says why the speaker ends, and gets no answer.
	farewell struct {
		// Tried says that the client tried to log in, in ways of which the monitor has not heard.
		Tried bool `sshtype:"6"`
		Why   string
	}
	// ready is the speaker's first word, and gets no answer: it has started.
	ready struct {
		Nothing []byte `sshtype:"7" ssh:"rest"`
	}
	// sessionRequest passes on what the client asks of a session (RFC 4254, section 6), on the session's line.
	sessionRequest struct {
		Type    string
		Payload []byte `ssh:"rest"`
	}
	// started is what the client is to read before all that the program writes, which runs when files come with the answer:
	// its terminal and its end, or its input, output, errors and end. From the last of them its outcome can be read.
	started struct{ Out, Err string }
	// outcome is a request that tells the client how the program ended.
	outcome struct {
		Kind    string
		Payload []byte `ssh:"rest"`
	}
)

const (
	signing = 1 + iota
	keyAsked
	keyProven
	passwordAsked
	sessionAsked
	leaving
	awake
)
