// Package caller says who calls a server, by address, and counts what each caller does
// too often. Whatever serves strangers needs both; it knows nothing of what is served.
package caller
