package feature

import (
	"fmt"
	"io"
	"strings"
)

// Word is a line of what uinitctl understands.
type Word struct {
	// Use is what is typed after "uinitctl": "array check NAME". What stands in brackets may be left out.
	Use string
	// Does says in less than a line what follows.
	Does string
}

// Verb is the first word of it.
func (w Word) Verb() string {
	verb, _, _ := strings.Cut(w.Use, " ")
	return verb
}

// WriteWords prints a line for each, none longer than a terminal is wide.
func WriteWords(w io.Writer, words []Word) {
	for _, word := range words {
		fmt.Fprintf(w, "  %-27s %s\n", word.Use, word.Does)
	}
}

// Accepted is the error for a question that is none of those of a verb.
func Accepted(words []Word, verb string) error {
	var uses []string
	for _, w := range words {
		if w.Verb() == verb {
			uses = append(uses, w.Use)
		}
	}
	return fmt.Errorf("accepted: %s", strings.Join(uses, ", "))
}
