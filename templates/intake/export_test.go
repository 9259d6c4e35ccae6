package intake

// ErrFault is for the tests that hold the package to its promise.
var ErrFault = errFault

// Row returns what the CSV file says.
func (t *Template) Row() (header, cells []string) { return t.header, t.cells }
