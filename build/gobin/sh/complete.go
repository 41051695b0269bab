package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// complete offers what the word before the cursor can become: the first word of
// a command a program in PATH, any other a file. A space follows only what is
// certain to be a whole word. The position counts runes.
func complete(line string, pos int, dir, path string) (head string, words []string, tail string) {
	runes := []rune(line)
	before := string(runes[:pos])
	start := strings.LastIndexAny(before, " \t|&;(<>='\"") + 1
	head, word, tail := before[:start], before[start:], string(runes[pos:])
	first := strings.TrimRight(head, " \t")
	if (first == "" || strings.ContainsAny(first[len(first)-1:], "|&;(")) && !strings.Contains(word, "/") {
		return head, programs(word, path), tail
	}
	return head, files(word, dir), tail
}

func programs(prefix, path string) []string {
	var found []string
	for _, dir := range filepath.SplitList(path) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), prefix) {
				found = append(found, e.Name()+" ")
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func files(prefix, dir string) []string {
	parent, base := filepath.Split(prefix)
	where := parent
	if !filepath.IsAbs(where) {
		where = filepath.Join(dir, parent)
	}
	entries, err := os.ReadDir(where)
	if err != nil {
		return nil
	}
	var found []string
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, base) || base == "" && strings.HasPrefix(name, ".") {
			continue
		}
		end := " "
		if info, err := os.Stat(filepath.Join(where, name)); err == nil && info.IsDir() {
			end = "/"
		}
		found = append(found, parent+name+end)
	}
	return found
}
