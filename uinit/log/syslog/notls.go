//go:build nosyslogtls

package syslog

import (
	"context"
	"net"
)

func secured(context.Context, net.Conn, Remote) (net.Conn, error) { return nil, ErrNoTLS }
