package main

import "context"

// paramPanic on the kernel line proves what follows on a fault: with the name of a unit that unit panics,
// alone the worker does.
const paramPanic = "uinit.test.panic"

// tried is step, but for the unit that the kernel line wants to panic.
func (w *worker) tried(name string) step {
	s := w.step(name)
	if victim, _ := w.line.Get(paramPanic); victim == name {
		s.Run = func(context.Context) error { panic("the kernel line asks for it") }
	}
	return s
}
