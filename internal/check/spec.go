// Package check proves what a profile promises: it holds a running guest
// against the profile's [check.NAME] tables and judges how the boot ended. It
// knows the guest by an interface only.
package check

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Check is one thing to prove. It has exactly one of console, unit, fact and
// command.
type Check struct {
	// Check that must have passed first. On a console, this one then looks only
	// at what was printed after that one's match.
	After string `json:"after,omitempty"`

	// Console to watch, by terminal device: ttyS0.
	Console string `json:"console,omitempty"`
	// What the console must print: a regular expression (RE2) in which ^ and $ are the
	// ends of a line. It sees text: lines end in \n alone, colours and other control
	// sequences are left out. Lines of the kernel's may come in between or behind: "login: $"
	// matches a prompt that one of them was written behind. ${password} stands for root's
	// one-time password.
	Expect Regexp `json:"expect,omitempty" lines:"several"`
	// Text to type once that was seen; \n is Enter, ${password} as above.
	Send string `json:"send,omitempty" lines:"several"`

	// Unit of the boot that must come to an outcome: online:lan, mount:/srv.
	Unit string `json:"unit,omitempty"`
	// The outcome; ok unless given.
	Outcome Outcome `json:"outcome,omitempty" accept:"ok, failed, late or skipped"`

	// Fact that the guest must report, one of docs/facts.md. Without a comparison it need only be there.
	Fact string `json:"fact,omitempty"`
	// Value the fact must have, of its type.
	Equals any `json:"equals,omitempty"`
	// Regular expression that the fact as text must match; of a list, any member.
	Matches Regexp `json:"matches,omitempty" lines:"several"`
	// Least number that the fact may be.
	AtLeast *float64 `json:"at_least,omitempty"`
	// Greatest number that the fact may be.
	AtMost *float64 `json:"at_most,omitempty"`
	// Value that a list must have among its members, or text within a text.
	Contains any `json:"contains,omitempty"`

	// Program and arguments to run in the guest as root once the boot is over,
	// without a shell.
	Command []string `json:"command,omitempty" image:"program" lines:"several" twice:"fine"`
	// Exit status it must have.
	Exit int `json:"exit,omitempty" accept:"0 to 255"`
	// Regular expression that its standard output must match.
	Output Regexp `json:"output,omitempty" lines:"several"`

	// It proves a new version on the box itself, too, each time that one is tried ([update]). Such a check changes nothing: it is of a unit,
	// a fact or a command, and a command finds all file systems read-only.
	OnBox bool `json:"on_box,omitempty"`

	// How long after the start of the guest, on the host's clock, this may take
	// to come true.
	Within spec.Duration `json:"within,omitempty" default:"60s" accept:"1ms or more"`
}

// Regexp is a regular expression (RE2, as package regexp describes it).
type Regexp string

// UnmarshalText accepts what compiles.
func (r *Regexp) UnmarshalText(text []byte) error {
	if _, err := Regexp(text).compile(nil); err != nil {
		why := err.Error()
		if bad := (*syntax.Error)(nil); errors.As(err, &bad) {
			why = fmt.Sprintf("%s: `%s`", bad.Code, bad.Expr)
		}
		return spec.Unaccepted(`RE2 syntax, in which \. is a dot`, "%q is not a regular expression: %s", text, why)
	}
	*r = Regexp(text)
	return nil
}

// compile puts vars in, as literal text. Consoles and outputs are lines, so ^ and $ are
// the ends of any of them.
func (r Regexp) compile(vars map[string]string) (*regexp.Regexp, error) {
	quoted := make(map[string]string, len(vars))
	for name, value := range vars {
		quoted[name] = regexp.QuoteMeta(value)
	}
	return regexp.Compile("(?m)" + expand(string(r), quoted))
}

// Outcome is how a unit can end; see uinit/unit.
type Outcome string

// Outcomes.
const (
	OK      Outcome = "ok"
	Failed  Outcome = "failed"
	Late    Outcome = "late"
	Skipped Outcome = "skipped"
)

// UnmarshalText accepts the words above.
func (o *Outcome) UnmarshalText(text []byte) error {
	return spec.Choice(o, text, "an outcome", OK, Failed, Late, Skipped)
}

// PasswordVar is the variable that stands for root's one-time password.
const PasswordVar = "password"

var variable = regexp.MustCompile(`\$\{[^}]*\}`)

// expand replaces ${NAME} by vars[NAME] and leaves unknown names alone.
func expand(text string, vars map[string]string) string {
	return variable.ReplaceAllStringFunc(text, func(ref string) string {
		if value, ok := vars[ref[2:len(ref)-1]]; ok {
			return value
		}
		return ref
	})
}
