package plan

import (
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/suggest"
)

// general are the options of every file system: what mount(2) has a flag for (mount(8), "FILESYSTEM-INDEPENDENT MOUNT OPTIONS").
const general = `ro rw suid nosuid dev nodev exec noexec sync async dirsync atime noatime diratime nodiratime relatime norelatime
	strictatime nostrictatime lazytime nolazytime iversion noiversion mand nomand nosymfollow silent loud remount bind rbind`

// own are the options of a file system that people write options for, without those that only others' tools know (each one's
// parameters in fs/ of Linux 6.1); "" of one that is not known here.
func own(kind string) string {
	switch kind {
	case "ext4":
		return `acl noacl user_xattr nouser_xattr grpid nogrpid bsdgroups sysvgroups resuid resgid sb errors nouid32 debug commit
		min_batch_time max_batch_time journal_dev journal_path journal_checksum nojournal_checksum journal_async_commit abort data
		data_err usrquota grpquota prjquota quota noquota usrjquota grpjquota jqfmt barrier nobarrier i_version dax stripe delalloc
		nodelalloc discard nodiscard init_itable noinit_itable inode_readahead_blks journal_ioprio auto_da_alloc noauto_da_alloc
		dioread_lock dioread_nolock block_validity noblock_validity max_dir_size_kb noload norecovery minixdf bsddf inlinecrypt
		nombcache no_mbcache prefetch_block_bitmaps no_prefetch_block_bitmaps mb_optimize_scan test_dummy_encryption`
	case "xfs":
		return `logbufs logbsize logdev rtdev wsync noalign swalloc sunit swidth nouuid grpid nogrpid bsdgroups sysvgroups allocsize
		norecovery inode64 inode32 ikeep noikeep largeio nolargeio attr2 noattr2 filestreams quota noquota usrquota grpquota prjquota
		uquota gquota pquota uqnoenforce gqnoenforce pqnoenforce qnoenforce discard nodiscard dax`
	case "btrfs":
		return `acl noacl clear_cache commit compress compress-force degraded device fatal_errors flushoncommit noflushoncommit
		max_inline barrier nobarrier datacow nodatacow datasum nodatasum norecovery rescan_uuid_tree skip_balance space_cache
		nospace_cache ssd nossd ssd_spread nossd_spread subvol subvolid thread_pool treelog notreelog usebackuproot nologreplay
		user_subvol_rm_allowed autodefrag noautodefrag discard nodiscard enospc_debug noenospc_debug rescue ratio`
	case "vfat":
		return `check quiet uid gid umask dmask fmask allow_utime codepage iocharset shortname utf8 uni_xlate nonumtail usefree tz
		time_offset dos1xfloppy discard nfs errors flush rodir showexec sys_immutable`
	case "exfat":
		return `uid gid umask dmask fmask allow_utime iocharset errors discard keep_last_dots sys_tz time_offset`
	case "tmpfs":
		return `size nr_blocks nr_inodes mode uid gid huge mpol inode32 inode64`
	case "nfs4":
		return `vers nfsvers minorversion proto port timeo retrans retry soft hard softerr softreval bg fg rsize wsize ac noac acregmin
		acregmax acdirmin acdirmax actimeo sec clientaddr addr lock nolock cto nocto resvport noresvport lookupcache sharecache
		nosharecache fsc nofsc nconnect max_connect migration nomigration write trunkdiscovery`
	case "iso9660":
		return `map norock nojoliet check cruft hide showassoc unhide utf8 mode dmode block uid gid session sbsector iocharset overriderockperm`
	}
	return ""
}

// misspelt says which option a word of a file system's was meant to be, and "" where it is one, or like none: the kernel may have
// options that are not known here.
func misspelt(kind, word string) string {
	own := strings.Fields(own(kind))
	all := append(strings.Fields(general), own...)
	if len(own) == 0 || slices.Contains(all, word) || strings.HasPrefix(word, "x-") || len(word) < 3 {
		return ""
	}
	return suggest.Closest(word, all)
}
