package profile

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// spread takes a text apart: one line with a value goes into a profile that extends the rest.
func spread(lines []string, table string, i int) (base, mine string) {
	rest := append(slices.Clone(lines[:i]), lines[i+1:]...)
	return strings.Join(rest, "\n"), "extends = \"base.toml\"\n" + table + "\n" + lines[i] + "\n"
}

func loaded(files map[string]string, name string) (problems Problems) {
	return loadedBy(func(asked string, from *File) (File, error) {
		if from == nil {
			asked = name
		}
		return finder(files)(asked, from)
	})
}

// loadedBy is what is wrong with the profile that a finder gives first.
func loadedBy(find Finder) (problems Problems) {
	_, problems, err := Load("", find)
	errors.As(err, &problems)
	return problems
}

// says tells whether one of the problems is this one, wherever it stands.
func says(problems Problems, p Problem) bool {
	return slices.ContainsFunc(problems, func(other Problem) bool {
		one, _, _ := strings.Cut(p.Msg, "; ")
		two, _, _ := strings.Cut(other.Msg, "; ")
		return strings.HasSuffix(one, two) || strings.HasSuffix(two, one)
	})
}

// A mistake that a profile makes of a sound base is told in the profile: at the one line that it has, or at that line's table. The lines of every text with
// problems that there is a test of are taken apart for it, one after the other.
func TestProblemsStandInTheUsersFile(t *testing.T) {
	tried := 0
	for _, tc := range slices.Concat(textProblems, accessProblems, linkProblems, storageProblems, chapProblems, claimProblems, serviceProblems, containerNetworkProblems, containerProblems) {
		lines, table := strings.Split(tc.text, "\n"), ""
		for i, line := range lines {
			if strings.HasPrefix(line, "[") {
				table = line
			}
			if m := pairLine.FindStringSubmatch(line); m == nil || table == "" || strings.Count(line, "[") != strings.Count(line, "]") || strings.Count(line, `"""`) == 1 {
				continue
			}
			base, mine := spread(lines, table, i)
			files := map[string]string{"base.toml": base, "mine.toml": mine}
			alone := loaded(files, "base.toml")
			for _, p := range loaded(files, "mine.toml") {
				if says(alone, p) {
					continue
				}
				tried++
				if p.Pos.File != "mine.toml" || p.Pos.Line < 2 {
					t.Errorf("%s: %q: told at %s", tc.name, line, p)
				}
			}
		}
	}
	if tried < 200 {
		t.Errorf("only %d mistakes were tried", tried)
	}
}
