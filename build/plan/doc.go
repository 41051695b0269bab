// Package plan decides what goes into an image: which file, from where, and
// why. It is pure: values in, a value out; nothing is read but what Inputs
// brings, nothing is written.
package plan
