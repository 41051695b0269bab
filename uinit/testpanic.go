package main

// paramPanic on the kernel line proves what follows on a fault: with the name of a unit that unit panics,
// alone the worker does.
const paramPanic = "uinit.test.panic"
