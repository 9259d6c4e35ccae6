package certapi

import (
	"encoding/json"
	"time"

	"passmill/sign/keyring"
)

// A Certificate is a certificate of the registry as the API shows it.
type Certificate struct {
	ID             string     `json:"id" format:"uuid" doc:"Its id, which stays when it is renewed."`
	Vendor         string     `json:"vendor" enum:"Apple" doc:"Who issued it."`
	Name           string     `json:"name" doc:"What people call it; may be empty." example:"Members"`
	BaseName       string     `json:"baseName" doc:"The pass type identifier." example:"pass.com.example.member"`
	Comment        string     `json:"comment" doc:"May be empty."`
	TeamIdentifier string     `json:"teamIdentifier" doc:"Apple's id of the team." example:"TEAM123456"`
	NFCSupport     bool       `json:"nfcSupport" doc:"Whether passes may have a member nfc."`
	Enabled        bool       `json:"enabled" doc:"Whether it may sign."`
	Default        bool       `json:"default" doc:"Whether jobs use it that name no certificate."`
	CreatedAt      time.Time  `json:"createdAt"`
	UpdatedAt      time.Time  `json:"updatedAt"`
	ValidityStart  time.Time  `json:"validityStart"`
	ValidityEnd    time.Time  `json:"validityEnd"`
	Expired        bool       `json:"expired"`
	Templates      []Template `json:"templates" nullable:"false" doc:"The templates whose passes it has signed."`
}

// A Template is one that a certificate is used with.
type Template struct {
	ID   string `json:"id" doc:"Names the template; the same as name."`
	Name string `json:"name" example:"storecard"`
}

// object shows an entry at a time.
func object(l keyring.Listed, now time.Time) Certificate {
	active := l.Active()
	c := Certificate{
		ID: l.ID, Vendor: l.Vendor, Name: l.Name, BaseName: l.BaseName, Comment: l.Comment, TeamIdentifier: l.TeamID, NFCSupport: l.NFC,
		Enabled: l.Enabled, Default: l.Default, CreatedAt: l.Created.UTC(), UpdatedAt: l.Updated.UTC(),
		ValidityStart: active.NotBefore.UTC(), ValidityEnd: active.NotAfter.UTC(), Expired: !now.Before(active.NotAfter),
		Templates: []Template{},
	}
	for _, name := range l.Templates() {
		c.Templates = append(c.Templates, Template{ID: name, Name: name})
	}
	return c
}

// idOf returns the id in an answer that shows a certificate.
func idOf(body []byte) string {
	var c struct{ ID string }
	if err := json.Unmarshal(body, &c); err != nil {
		panic("certapi: an answer that is no certificate")
	}
	return c.ID
}
