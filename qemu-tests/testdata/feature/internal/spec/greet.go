package spec

import "errors"

// SiteGreetings is for what greetings say.
const SiteGreetings SiteKey = "greetings"

// Greet is a word that the box has for whoever asks.
type Greet struct {
	// What it says.
	Text Greeting `json:"text" site:"greetings" example:"\"hello\""`
}

// Greeting is a word and more.
type Greeting string

// UnmarshalText accepts anything but nothing.
func (g *Greeting) UnmarshalText(b []byte) error {
	if *g = Greeting(b); *g == "" {
		return errors.New("is empty; accepted: a word")
	}
	return nil
}
