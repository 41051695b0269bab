package kmod

// extras are modules that another asks for by request_module while it works: neither
// its depends nor its softdep show them, and a system without a /lib/modules full of
// everything finds out by an error in the field. Names may be aliases; those that a
// kernel lacks, or has built in, are passed over.
var extras = map[string][]string{
	// fs/fat, fs/isofs, fs/udf …: load_nls of the code page and of the character set
	// that mount options or CONFIG_NLS_DEFAULT name.
	"vfat":    {"nls_cp437", "nls_ascii", "nls_iso8859_1", "nls_utf8"},
	"msdos":   {"nls_cp437"},
	"exfat":   {"nls_utf8"},
	"isofs":   {"nls_utf8", "nls_iso8859_1"},
	"udf":     {"nls_utf8"},
	"ntfs3":   {"nls_utf8"},
	"hfsplus": {"nls_utf8"},
	// fs/cifs: crypto_alloc_* for SMB 3 signing and encryption.
	"cifs": {"gcm", "ghash", "ccm", "ctr", "cmac", "sha512", "sha256", "ecb", "hmac", "md5", "aes", "nls_utf8"},
	// fs/nfs/client.c: request_module("nfsv%u").
	"nfs": {"nfsv4", "nfsv3"},
	// drivers/md/dm-crypt.c: what LUKS volumes are made with by default, now and then.
	"dm_crypt": {"xts", "cbc", "essiv", "aes", "sha256", "sha512", "algif_skcipher", "algif_hash"},
	"dm_raid":  {"raid1", "raid456", "raid10"},
	// drivers/target/target_core_base: a backstore's plugin by its name.
	"target_core_mod": {"target_core_iblock", "target_core_file"},
	// drivers/block/zram: the default compressor.
	"zram": {"lzo_rle", "lzo", "zstd"},
	// drivers/usb/core: a keyboard behind usbhid is claimed by a hid driver.
	"usbhid": {"hid_generic"},
	// net/netfilter/nf_log.c: the logger of a family, else `log` statements are silent.
	"nft_log": {"nf_log_syslog"},
	// drivers/watchdog/iTCO_wdt.c: the bus driver announces the device.
	"iTCO_wdt": {"i2c_i801", "lpc_ich"},
	// net/9p: the transport that a mount names.
	"9p": {"9pnet_virtio"},
}
