package spec

import (
	"encoding/base64"
	"net/netip"
)

// WireGuard is a tunnel to peers who know each other by their keys (wireguard.com). Routes through it are rows
// of [route]; the networks of its addresses need none.
type WireGuard struct {
	// File with the private key, as "wg genkey" writes it, or where else it is found. Where there is no such file one is made as soon as
	// there is randomness for it: name a file on state, so that the box keeps it, or say generate = true. One that others may read
	// is refused (mode 0600; on vfat the mount option umask=0077). Peers are told the public key, the fact wireguard.NAME.public_key.
	PrivateKeyFile SecretKey `json:"private_key_file" secret:"file"`
	// UDP port to listen on; by default any.
	ListenPort int `json:"listen_port,omitempty" accept:"1 to 65535"`
	// Who may talk through it, by a name of your choice.
	Peer map[string]WireGuardPeer `json:"peer,omitempty"`
	Addressing
}

// WireGuardPeer is the other end of a tunnel.
type WireGuardPeer struct {
	// Its public key, as "wg pubkey" prints it.
	PublicKey WireGuardKey `json:"public_key"`
	// Where it is, as HOST:PORT; by default where its first packet comes from.
	Endpoint string `json:"endpoint,omitempty" zero:"refused"`
	// Networks that it may send from, and that packets for it go to.
	AllowedIPs []netip.Prefix `json:"allowed_ips,omitempty" network:"true" twice:"fine"`
	// How often to send something when there is nothing to say, so that a way through address translation stays open.
	Keepalive Duration `json:"keepalive,omitempty" accept:"whole seconds, 1s to 65535s; 0s for none"`
	// File with a secret that both ends have besides their keys, of mode 0600, or where else it is found.
	PresharedKeyFile SecretFile `json:"preshared_key_file,omitzero" secret:"file" image:"file"`
}

// WireGuardKey is a key of 32 octets in base64.
type WireGuardKey string

// UnmarshalText accepts what wg(8) prints.
func (k *WireGuardKey) UnmarshalText(b []byte) error {
	raw, err := base64.StdEncoding.Strict().DecodeString(string(b))
	if err != nil || len(raw) != 32 {
		// It may be a private key with a character too few.
		return Unaccepted("32 octets in base64, 44 characters", "is not a key of WireGuard")
	}
	*k = WireGuardKey(b)
	return nil
}
