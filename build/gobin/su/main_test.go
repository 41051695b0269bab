package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "{root   false []}",
		"-":                    "{root   true []}",
		"eve":                  "{eve   false []}",
		"- eve":                "{eve   true []}",
		"-l eve -c id":         "{eve  id true []}",
		"eve -c id -s /bin/sh": "{eve /bin/sh id false []}",
		"-c id eve a b":        "{eve  id false [a b]}",
		"eve -- -x":            "{eve   false [-x]}",
	} {
		if o, err := parse(strings.Fields(text)); err != nil || fmt.Sprint(o) != want {
			t.Errorf("su %s: %v, %v; want %s", text, o, err, want)
		}
	}
	for _, text := range []string{"-x", "--help", "eve -c"} {
		if _, err := parse(strings.Fields(text)); err == nil || !strings.Contains(err.Error(), "accepted: su ") {
			t.Errorf("su %s: %v", text, err)
		}
	}
}
