package spec

// SearchPath is where programs are looked for by their name, as Debian's root has it (ENV_SUPATH in login.defs(5)).
const SearchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
