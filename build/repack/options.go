package repack

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/build/squashfs"
)

// arguments tell mksquashfs to make a file system as this one was made.
func arguments(s squashfs.Superblock) []string {
	args := []string{"-comp", s.Compressor, "-b", strconv.Itoa(s.BlockSize)}
	for _, f := range []struct {
		flag squashfs.Flags
		args string
	}{
		{squashfs.PlainInodes, "-noI"}, {squashfs.PlainData, "-noD"}, {squashfs.PlainFragments, "-noF"}, {squashfs.PlainXattrs, "-noX"},
		{squashfs.PlainIDs, "-noId"}, {squashfs.NoFragments, "-no-fragments"}, {squashfs.AlwaysFragment, "-always-use-fragments"},
		{squashfs.NoXattrs, "-no-xattrs"}, {squashfs.Exportable, "-exports"},
	} {
		if s.Flags&f.flag != 0 {
			args = append(args, f.args)
		}
	}
	if s.Flags&squashfs.Duplicates == 0 {
		args = append(args, "-no-duplicates")
	}
	return append(args, compressorArguments(s.Compressor, s.Options)...)
}

// compressorArguments translate the options that a compressor stores, as the *_wrapper.h
// of squashfs-tools lay them out. What we do not know stays at the default.
func compressorArguments(compressor string, b []byte) []string {
	le := binary.LittleEndian
	names := func(bits uint32, all ...string) string {
		var set []string
		for i, n := range all {
			if bits>>i&1 != 0 {
				set = append(set, n)
			}
		}
		return strings.Join(set, ",")
	}
	switch {
	case compressor == "gzip" && len(b) >= 8:
		args := []string{"-Xcompression-level", fmt.Sprint(le.Uint32(b)), "-Xwindow-size", fmt.Sprint(le.Uint16(b[4:]))}
		if s := names(uint32(le.Uint16(b[6:])), "default", "filtered", "huffman_only", "run_length_encoded", "fixed"); s != "" {
			args = append(args, "-Xstrategy", s)
		}
		return args
	case compressor == "xz" && len(b) >= 8:
		args := []string{"-Xdict-size", fmt.Sprint(le.Uint32(b))}
		if s := names(le.Uint32(b[4:]), "x86", "powerpc", "ia64", "arm", "armthumb", "sparc"); s != "" {
			args = append(args, "-Xbcj", s)
		}
		return args
	case compressor == "zstd" && len(b) >= 4:
		return []string{"-Xcompression-level", fmt.Sprint(le.Uint32(b))}
	case compressor == "lzo" && len(b) >= 8 && le.Uint32(b) < uint32(len(lzoAlgorithms)):
		args := []string{"-Xalgorithm", lzoAlgorithms[le.Uint32(b)]}
		if le.Uint32(b) == lzo999 {
			args = append(args, "-Xcompression-level", fmt.Sprint(le.Uint32(b[4:])))
		}
		return args
	case compressor == "lz4" && len(b) >= 8 && le.Uint32(b[4:])&1 != 0:
		return []string{"-Xhc"}
	}
	return nil
}

// lzoAlgorithms by the number that is stored. Only the last knows levels.
var lzoAlgorithms = []string{"lzo1x_1", "lzo1x_1_11", "lzo1x_1_12", "lzo1x_1_15", "lzo1x_999"}

const lzo999 = 4
