package certapi

import (
	"net/http"
	"strings"

	"passmill/sign"
	"passmill/sign/secret"
)

// A writing is what a request to add or change a certificate says.
type writing struct {
	name, comment     optional[string]
	enabled, standard optional[bool]
	file              []byte
	hasFile           bool
	password          secret.Text
}

// readWriting reads a body. Everything that is wrong is told at once.
func readWriting(body []byte, known ...string) (w writing, err error) {
	m, err := readMembers(body, known)
	if err != nil {
		return w, err
	}
	var faults []Fault
	if v := take[string](m, "vendor", "a string", &faults); v.given && !strings.EqualFold(v.value, sign.VendorApple) {
		faults = append(faults, inBody("vendor", "must be Apple"))
	}
	w.name = takeText(m, "name", maxName, false, &faults)
	w.comment = takeText(m, "comment", maxComment, true, &faults)
	w.enabled = take[bool](m, "enabled", "true or false", &faults)
	w.standard = take[bool](m, "default", "true or false", &faults)
	w.file, w.hasFile = takeCertificate(m, &faults)
	password := take[string](m, "password", "a string", &faults)
	w.password = secret.New(password.value)
	if len(password.value) > maxPassword {
		faults = append(faults, inBody("password", "has more than %d bytes", maxPassword))
	}
	if password.given && !w.hasFile {
		faults = append(faults, inBody("password", "is of no use without certificate"))
	}
	if len(faults) > 0 {
		return w, faulty(http.StatusUnprocessableEntity, faults...)
	}
	return w, nil
}
