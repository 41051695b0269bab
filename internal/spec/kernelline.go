package spec

// MaxKernelLine is how many characters of a kernel line an x86 kernel takes (COMMAND_LINE_SIZE in
// arch/x86/include/asm/setup.h, without the final NUL). It cuts off the rest in silence, started by UEFI at a blank.
const MaxKernelLine = 2047
