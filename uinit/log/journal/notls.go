//go:build nosyslogtls

package journal

import (
	"context"
	"net"
)

func secured(context.Context, net.Conn, Remote) (net.Conn, error) { return nil, ErrNoTLS }
