// Package overlays holds the file trees of the shipped profiles.
package overlays

import "embed"

// FS holds a directory for each overlay.
//
//go:embed all:firewall all:firewall-bridge all:headless all:hypervisor all:nas all:rescue
var FS embed.FS
