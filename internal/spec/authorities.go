package spec

// Authorities is where programs look for whom they trust, in PEM: update-ca-certificates(8) makes it on Debian, and the builder where a package of the
// image brings certificates.
const Authorities = "/etc/ssl/certs/ca-certificates.crt"
