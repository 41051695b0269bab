// Package efivars writes UEFI variables into the flash image of OVMF, as EDK II's
// MdeModulePkg/Include/Guid/VariableFormat.h lays them out, so that a virtual machine
// trusts a certificate from its first moment on.
package efivars

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/imgbuild/imgbuild/build/layout"
)

// Names of vendors and types (UEFI specification, sections 3.3 and 32.4.1; EDK II).
var (
	global        = layout.GUID{0x8b, 0xe4, 0xdf, 0x61, 0x93, 0xca, 0x11, 0xd2, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c}
	imageSecurity = layout.GUID{0xd7, 0x19, 0xb2, 0xcb, 0x3d, 0x3a, 0x45, 0x96, 0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f}
	enable        = layout.GUID{0xf0, 0xa3, 0x0b, 0xc7, 0xaf, 0x08, 0x45, 0x56, 0x99, 0xc4, 0x00, 0x10, 0x09, 0xc9, 0x3a, 0x44}
	certX509      = layout.GUID{0xa5, 0xc0, 0x59, 0xa1, 0x94, 0xe4, 0x4a, 0xa7, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72}
	store         = layout.GUID{0xaa, 0xf3, 0x2c, 0x78, 0x94, 0x7b, 0x43, 0x9a, 0xa1, 0x80, 0x2e, 0x14, 0x4e, 0xc3, 0x77, 0x92}
	owner         = layout.Derive("imgbuild", "signature owner")
)

// Attributes of variables (UEFI specification, section 8.2).
const (
	nonVolatile       = 1
	bootService       = 2
	runtime           = 4
	timeAuthenticated = 0x20

	kept    = nonVolatile | bootService
	trusted = nonVolatile | bootService | runtime | timeAuthenticated
)

// Places in the flash image: a firmware volume's header, the store's, variables.
const (
	volumeHeaderLength = 0x30 // u16
	storeHeader        = 28
	storeSize          = 16 // u32 in the store's header
	variableStart      = 0x55aa
	variableAdded      = 0x3f
	variableHeader     = 60
)

var le = binary.LittleEndian

// Enrol returns a copy of OVMF's variables that trusts cert and nothing else: cert is
// platform key, key exchange key and the one signature in db, and Secure Boot is on.
// The template must be without variables, as OVMF_VARS_4M.fd is.
func Enrol(template []byte, cert *x509.Certificate) ([]byte, error) {
	flash, err := enrol(bytes.Clone(template), cert)
	if err != nil {
		return nil, fmt.Errorf("enrolling a certificate in UEFI variables: %w", err)
	}
	return flash, nil
}

func enrol(flash []byte, cert *x509.Certificate) ([]byte, error) {
	room, err := variables(flash)
	if err != nil {
		return nil, err
	}
	if len(room) < 2 || le.Uint16(room) != 0xffff {
		return nil, errors.New("the template holds variables already; accepted: an empty one, such as OVMF_VARS_4M.fd")
	}
	list := signatureList(cert)
	var all []byte
	for _, v := range [][]byte{
		variable("PK", global, trusted, list),
		variable("KEK", global, trusted, list),
		variable("db", imageSecurity, trusted, list),
		variable("SecureBootEnable", enable, kept, []byte{1}),
	} {
		all = append(all, v...)
	}
	if len(all) > len(room) {
		return nil, fmt.Errorf("%d bytes of variables do not fit into %d", len(all), len(room))
	}
	copy(room, all)
	return flash, nil
}

// variables is the part of the flash image that holds variables.
func variables(flash []byte) ([]byte, error) {
	if len(flash) < volumeHeaderLength+2 || len(flash) < int(le.Uint16(flash[volumeHeaderLength:]))+storeHeader {
		return nil, errors.New("the template is too short")
	}
	begin := int(le.Uint16(flash[volumeHeaderLength:]))
	if id := store.Mixed(); !bytes.Equal(flash[begin:begin+16], id[:]) {
		return nil, errors.New("the template is no store of authenticated variables")
	}
	size := int(le.Uint32(flash[begin+storeSize:]))
	if size < storeHeader || size > len(flash)-begin {
		return nil, fmt.Errorf("the template's store says that it has %d bytes", size)
	}
	return flash[begin+storeHeader : begin+size], nil
}

// variable encodes an AUTHENTICATED_VARIABLE_HEADER, the name and the value. What
// fills it up to four bytes stays erased flash.
func variable(name string, vendor layout.GUID, attributes uint32, value []byte) []byte {
	title := wide(name)
	b := make([]byte, variableHeader)
	le.PutUint16(b, variableStart)
	b[2] = variableAdded
	le.PutUint32(b[4:], attributes)
	if attributes&timeAuthenticated != 0 {
		le.PutUint16(b[16:], 2000) // EFI_TIME: any update is later than that
		b[18], b[19] = 1, 1
	}
	le.PutUint32(b[36:], uint32(len(title)))
	le.PutUint32(b[40:], uint32(len(value)))
	id := vendor.Mixed()
	copy(b[44:], id[:])
	b = append(append(b, title...), value...)
	for len(b)%4 != 0 {
		b = append(b, 0xff)
	}
	return b
}

// signatureList is an EFI_SIGNATURE_LIST with one certificate.
func signatureList(cert *x509.Certificate) []byte {
	kind, who := certX509.Mixed(), owner.Mixed()
	signature := append(who[:], cert.Raw...)
	list := append([]byte(nil), kind[:]...)
	list = le.AppendUint32(list, uint32(28+len(signature)))
	list = le.AppendUint32(list, 0)
	list = le.AppendUint32(list, uint32(len(signature)))
	return append(list, signature...)
}
