package plan

// authoritiesFile is where Debian's programs look for whom they trust. update-ca-certificates(8) makes it where a package is installed.
const authoritiesFile = "etc/ssl/certs/ca-certificates.crt"

// offerAuthorities has programs trust whom packages of the image bring. A file of that name is somebody's own.
func (l *layers) offerAuthorities(pem []byte) {
	if _, there := l.tree.Lookup(authoritiesFile); !there && len(pem) > 0 {
		l.add("packages", text(authoritiesFile, 0o644, string(pem), "all of /usr/share/ca-certificates"))
	}
}
