// Command prove says whether the machine is as its profile promises: it runs those of the profile's checks that say on_box = true, and changes
// nothing. uinit runs it when it tries a new version; to a person at the box it says what holds.
//
//	prove [-json]
//
// What the checks ask of units and facts it asks uinit, some times a second, until all is decided. Their commands find every file system
// read-only.
//
// Exit status: 0 all passed, 1 something did not, 2 wrong arguments or not root, 3 the image has no such checks.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/imgbuild/imgbuild/internal/check"
	"github.com/imgbuild/imgbuild/internal/colour"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Exit statuses.
const (
	passed = iota
	failed
	misused
	unproved
)

// spare is how much longer than its slowest check may take the whole takes at most.
const spare = 10 * time.Second

// prover is what a run is about.
type prover struct {
	// machine is the file that describes the machine, socket where uinit answers.
	machine, socket string
	out, errs       io.Writer
	paint           colour.Paint
}

func main() {
	// As uinit starts programs, whoever asks.
	for name, value := range map[string]string{"PATH": spec.SearchPath, "HOME": "/root"} {
		_ = os.Setenv(name, value) // fails for odd names only
	}
	p := prover{machine: spec.Path, socket: statusSocket, out: os.Stdout, errs: os.Stderr}
	p.paint, _ = colour.For("auto", os.Stdout) // a word that there is
	os.Exit(p.run(os.Args[1:]))
}

// run is the program; it returns its exit status.
func (p prover) run(args []string) int {
	f := flag.NewFlagSet("prove", flag.ContinueOnError)
	f.SetOutput(p.errs)
	asJSON := f.Bool("json", false, "print a JSON object a line for each check, as it is decided")
	switch err := f.Parse(args); {
	case err != nil:
		return misused // the flag package has said why
	case f.NArg() > 0:
		return p.say(misused, "takes no arguments; accepted: prove [-json]")
	case os.Geteuid() != 0:
		return p.say(misused, "only root can ask uinit, and run the checks' commands")
	}
	d, err := spec.Read(p.machine)
	if err != nil {
		return p.say(failed, "%v", err)
	}
	checks := map[string]check.Check{}
	if len(d.Proof) > 0 {
		if err := json.Unmarshal([]byte(d.Proof), &checks); err != nil {
			return p.say(failed, "reading the checks in %s: %v", p.machine, err)
		}
	}
	if len(checks) == 0 {
		return p.say(unproved, "this image has no checks that prove it; it has where its profile has a table [update]")
	}
	return p.prove(check.Plan{Checks: checks, Each: p.each(*asJSON)}, *asJSON)
}

// prove decides all checks, and is over in time whatever happens.
func (p prover) prove(plan check.Plan, asJSON bool) int {
	begin, limit := time.Now(), plan.Longest()+spare
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	b, err := newBox(begin, p.socket)
	if err != nil {
		return p.say(failed, "%v", err)
	}
	defer b.leave()
	decided := make(chan []check.Result, 1)
	go b.ask(ctx)
	go func() { decided <- check.Decide(ctx, b, plan) }()
	var results []check.Result
	select {
	case results = <-decided:
	case <-time.After(limit + time.Second): // a process that not even SIGKILL ends
		return p.say(failed, "the checks were not decided within %v", limit)
	}
	good := 0
	for _, r := range results {
		if r.Passed {
			good++
		}
	}
	if !asJSON {
		word := p.paint.Good("PASS")
		if good < len(results) {
			word = p.paint.Bad("FAIL")
		}
		fmt.Fprintf(p.out, "%s: %d of %d checks passed in %.1f s\n", word, good, len(results), time.Since(begin).Seconds())
	}
	if err := b.trouble(); err != nil && good < len(results) {
		p.say(failed, "%v", err)
	}
	if good < len(results) {
		return failed
	}
	return passed
}

// each prints a result.
func (p prover) each(asJSON bool) func(check.Result) {
	if asJSON {
		lines := json.NewEncoder(p.out)
		return func(r check.Result) { _ = lines.Encode(r) } // whoever reads it has gone: the exit status says it, too
	}
	return func(r check.Result) { fmt.Fprint(p.out, check.Row(r, p.paint)) }
}

func (p prover) say(status int, format string, args ...any) int {
	fmt.Fprintf(p.errs, "prove: "+format+"\n", args...)
	return status
}
