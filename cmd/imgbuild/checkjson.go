package main

import (
	"encoding/json"
	"errors"

	"github.com/imgbuild/imgbuild/internal/profile"
)

// checkedRow is a profile as "check --json" prints it.
type checkedRow struct {
	Profile  string       `json:"profile"`
	OK       bool         `json:"ok"`
	Problems []problemRow `json:"problems"`
}

// problemRow is one of its problems; line and column count from 1, and are 0 where the problem has
// no place in a text.
type problemRow struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Key     string `json:"key,omitempty"`
	Message string `json:"message"`
}

// errInvalid says that a profile is invalid; what is printed says how.
var errInvalid = errors.New("a profile is invalid")

// checkJSON prints what is wrong with profiles. An error of another kind than a profile's problems
// is returned as it is, and nothing printed.
func (a *app) checkJSON(names []string, one func(string) error) error {
	rows, invalid := []checkedRow{}, false
	for _, name := range names {
		row := checkedRow{Profile: name, OK: true, Problems: []problemRow{}}
		var problems profile.Problems
		if err := one(name); errors.As(err, &problems) {
			row.OK, invalid = false, true
			for _, p := range problems {
				row.Problems = append(row.Problems, problemRow{p.Pos.File, p.Pos.Line, p.Pos.Col, p.Key, p.Msg})
			}
		} else if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	if err := json.NewEncoder(a.stdout).Encode(rows); err != nil {
		return err
	}
	if invalid {
		return errInvalid
	}
	return nil
}
