package plan

import (
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

func check(problem.Judge, *spec.Machine) {}
