package main

import (
	"passmill/render/preflight"
	"passmill/sign/verify"
)

// A verdict is the report on one pass of one file.
type verdict struct {
	File     string    `json:"file"`
	Good     bool      `json:"good"`
	Serial   string    `json:"serial,omitempty"`
	TypeID   string    `json:"passTypeIdentifier,omitempty"`
	Findings []finding `json:"findings,omitempty"`
}

// A finding is one of package verify, or one of package preflight. Its names in
// JSON are an interface.
type finding struct {
	Code     string `json:"code"`
	Severity string `json:"severity"`
	Path     string `json:"path,omitempty"` // in pass.json, or a file's name
	Message  string `json:"message"`
	Phone    string `json:"phone,omitempty"` // the phone's own log text
	Fix      string `json:"fix,omitempty"`
}

// judge joins the judgement on archive, manifest and signature with that on what
// is in them.
func judge(name string, data []byte, o verify.Options) verdict {
	v, _ := judged(name, data, o)
	return v
}

// judged returns the verdict together with what was found in the pass.
func judged(name string, data []byte, o verify.Options) (verdict, *verify.Report) {
	r := verify.Pass(data, o)
	v := verdict{File: name, Good: !r.Refused(), Serial: r.Serial, TypeID: r.TypeID}
	readable, whole := r.Files["pass.json"] != nil, true
	for _, f := range r.Findings {
		v.Findings = append(v.Findings, finding{Code: f.Code, Severity: string(f.Severity), Message: f.Message, Phone: f.Phone, Fix: f.Fix})
		readable = readable && f.Code != "pass-malformed" // which preflight would say again
		whole = whole && f.Code != "file-damaged" && f.Code != "encrypted-file"
	}
	if !readable {
		return v, r
	}
	files := preflight.ReadFiles(r.Files)
	if !whole {
		files = nil // what seems to lack may be what could not be read
	}
	for _, f := range preflight.Check(r.Files["pass.json"], files) {
		v.Good = v.Good && f.Rule.Severity != preflight.Refused
		v.Findings = append(v.Findings, finding{
			Code: f.Rule.ID, Severity: string(f.Rule.Severity), Path: f.Path, Message: f.Message, Phone: f.Rule.Phone, Fix: f.Rule.Fix,
		})
	}
	return v, r
}
