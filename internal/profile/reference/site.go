package main

import (
	"fmt"
	"slices"
	"strings"
)

// siteKeys writes what each word of site.allow lets site.toml have: the keys with that word for a tag (spec.SiteKey).
func (w *writer) siteKeys() {
	var words []string
	what := map[string][]string{}
	add := func(word, text string) {
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
		what[word] = append(what[word], text)
	}
	for _, row := range w.siteRows("", "spec.Machine") {
		add(row.word, row.text())
	}
	w.WriteString("| `allow` | keys of site.toml |\n| --- | --- |\n")
	for _, word := range words {
		fmt.Fprintf(w, "| `%s` | %s |\n", word, strings.Join(what[word], "; "))
	}
	w.WriteString("\n")
}

// siteRow is what a word lets site.toml have in some tables.
type siteRow struct {
	word         string
	keys, tables []string
}

func (r siteRow) text() string {
	text := "`" + strings.Join(r.keys, "`, `") + "`"
	if len(r.keys) == 0 {
		text = "new rows"
	}
	if r.tables[0] == "" {
		return text
	}
	return text + " of `[" + strings.Join(r.tables, "]`, `[") + "]`"
}

// siteRows are those of a table and the tables below it; tables with the same keys share one.
func (w *writer) siteRows(path, name string) (rows []siteRow) {
	add := func(r siteRow) {
		for i, old := range rows {
			if old.word == r.word && slices.Equal(old.keys, r.keys) && r.tables[0] != "" && old.tables[0] != "" {
				rows[i].tables = append(rows[i].tables, r.tables...)
				return
			}
		}
		rows = append(rows, r)
	}
	for _, k := range w.schema.keys(name) {
		_, child, perRow := w.takes(k)
		switch {
		case child == "" && k.site != "":
			if n := len(rows) - 1; n >= 0 && rows[n].word == k.site && rows[n].tables[0] == path && rows[n].keys != nil {
				rows[n].keys = append(rows[n].keys, k.name)
			} else {
				rows = append(rows, siteRow{k.site, []string{k.name}, []string{path}})
			}
		case child != "" && k.site != "-":
			at := strings.TrimPrefix(path+"."+k.name, ".")
			if perRow {
				at += ".NAME"
			}
			for _, r := range w.siteRows(at, child) {
				add(r)
			}
			if k.site != "" {
				add(siteRow{word: k.site, tables: []string{at}})
			}
		}
	}
	return rows
}
