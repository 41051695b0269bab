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
	PrivateKeyFile SecretKey `json:"private_key_file,omitzero" secret:"file"`
	// The private key itself, in place of a file: for site.toml, whose medium then is to be kept like one. In a profile the image holds it.
	PrivateKey WireGuardPrivateKey `json:"private_key,omitempty" site:"wireguard" new:"needed"`
	// UDP port to listen on; by default any.
	ListenPort int `json:"listen_port,omitempty" accept:"1 to 65535" site:"wireguard"`
	// Who may talk through it, by a name of your choice.
	Peer map[string]WireGuardPeer `json:"peer,omitempty" site:"wireguard"`
	Addressing
}

// SiteWireGuard is for tunnels: keys and peers of those that the profile has, and new ones.
const SiteWireGuard SiteKey = "wireguard"

// WireGuardPeer is the other end of a tunnel.
type WireGuardPeer struct {
	// Its public key, as "wg pubkey" prints it.
	PublicKey WireGuardKey `json:"public_key" site:"wireguard"`
	// Where it is, as HOST:PORT; by default where its first packet comes from.
	Endpoint string `json:"endpoint,omitempty" zero:"refused" site:"wireguard"`
	// Networks that it may send from, and that packets for it go to.
	AllowedIPs []netip.Prefix `json:"allowed_ips,omitempty" network:"true" twice:"fine" site:"wireguard"`
	// How often to send something when there is nothing to say, so that a way through address translation stays open.
	Keepalive Duration `json:"keepalive,omitempty" accept:"whole seconds, 1s to 65535s; 0s for none" site:"wireguard"`
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

// WireGuardPrivateKey is a private key of WireGuard.
type WireGuardPrivateKey string

// Secret marks values that no output shows.
func (WireGuardPrivateKey) Secret() {}

// UnmarshalText accepts what "wg genkey" prints. The error does not show it.
func (k *WireGuardPrivateKey) UnmarshalText(b []byte) error {
	var key WireGuardKey
	if err := key.UnmarshalText(b); err != nil {
		return err
	}
	*k = WireGuardPrivateKey(key)
	return nil
}
