package spec

// Greet is a word that the box has for whoever asks.
type Greet struct {
	// What it says.
	Text string `json:"text"`
}
