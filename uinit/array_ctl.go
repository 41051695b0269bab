//go:build !noarray

package main

func (a *arrays) answers() {}
