package qemu

import (
	"bytes"
	"regexp"
)

// find looks for re behind an offset of a text in which the kernel writes whenever it likes. Where re does not match what is
// there, it may match without the lines that the kernel wrote behind or into a line of others, "box login: " being one;
// or else without any of the kernel's. end is the end of the match in the text: what the kernel wrote behind it is still to be found.
func find(re *regexp.Regexp, text []byte, from int) (groups []string, end int) {
	if found := re.FindSubmatchIndex(text[from:]); found != nil {
		return texts(text[from:], found), from + found[1]
	}
	within, all := kernelLines(text, from)
	for _, out := range [][]span{within, all} {
		if len(out) == 0 {
			continue
		}
		var rest []byte
		at := from
		for _, l := range out {
			rest = append(rest, text[at:l.start]...)
			at = l.end
		}
		rest = append(rest, text[at:]...)
		if found := re.FindSubmatchIndex(rest); found != nil {
			end = from + found[1]
			for _, l := range out {
				if l.start < end {
					end += l.end - l.start
				}
			}
			return texts(rest, found), end
		}
	}
	return nil, 0
}

// texts are a match and its groups.
func texts(text []byte, found []int) []string {
	groups := make([]string, len(found)/2)
	for i := range groups {
		if found[2*i] >= 0 {
			groups[i] = string(text[found[2*i]:found[2*i+1]])
		}
	}
	return groups
}

// span is a part of a text.
type span struct{ start, end int }

// stamp is how a line of the kernel's begins (print_prefix and console_prepend_dropped in kernel/printk/printk.c): with the
// time, then who wrote it where CONFIG_PRINTK_CALLER is set; or it stands for lines that were lost.
var stamped = regexp.MustCompile(`^(?:\[ *\d+\.\d{6}\](?:\[ *[CT]\d+\])? |\*\* \d+ printk messages dropped \*\*)`)

// kernelLines finds the kernel's lines behind an offset of a text, each to its newline, or to the end where that has not
// come yet; and those of them that are within a line of others.
func kernelLines(text []byte, from int) (within, all []span) {
	broken := false
	at, spoken := bytes.LastIndexByte(text[:from], '\n')+1, from // the offset may be in the middle of a line of the kernel's
	for {
		next := bytes.IndexAny(text[at:], "[*")
		if next < 0 {
			return within, all
		}
		at += next
		if !stamped.Match(text[at:]) {
			at++
			continue
		}
		l := span{max(at, from), len(text)}
		if newline := bytes.IndexByte(text[at:], '\n'); newline >= 0 {
			l.end = at + newline + 1
		}
		at = l.end
		if l.end <= from {
			continue
		}
		if l.start > spoken {
			broken = text[l.start-1] != '\n'
		}
		if all = append(all, l); broken {
			within = append(within, l)
		}
		spoken = l.end
	}
}
