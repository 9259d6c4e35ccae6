package certapi

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"passmill/sign"
)

// Where the OpenAPI document is. The second is the same in the older form, which
// most generators of clients read.
const (
	documentPath   = "/openapi.json"
	document30Path = "/openapi-3.0.json"
)

const (
	basic   = "basic"
	created = "201"
)

// config says what stands at the head of the document. Requests are not read by
// the library: it forgives what this API does not, and can't tell a member that is
// absent from one that is null.
func config() huma.Config {
	return huma.Config{OpenAPI: &huma.OpenAPI{
		Info: &huma.Info{
			Title: "passmill", Version: Revision,
			Description: "The certificates that passes are signed with. An API key sees those of its owner, the account or one tenant.",
		},
		Components: &huma.Components{
			Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				basic: {Type: "http", Scheme: "basic", Description: "The name of an API key, and the key."},
			},
		},
	}}
}

// NewCertificate is the body of a request that adds or renews a certificate. It
// and CertificateChange describe requests; members are read one by one.
type NewCertificate struct {
	Certificate string  `json:"certificate" format:"byte" doc:"The .p12 file in base64."`
	Password    *string `json:"password,omitempty" nullable:"true" maxLength:"1024" format:"password" doc:"Opens the file. It is not kept."`
	Vendor      *string `json:"vendor,omitempty" nullable:"true" enum:"Apple"`
	Name        *string `json:"name,omitempty" nullable:"true" maxLength:"200"`
	Comment     *string `json:"comment,omitempty" nullable:"true" maxLength:"2000"`
	Enabled     *bool   `json:"enabled,omitempty" nullable:"true"`
	Default     *bool   `json:"default,omitempty" nullable:"true" doc:"true makes it the default; the first one is it by itself."`
}

// CertificateChange is the body of a request that changes one.
type CertificateChange struct {
	Name        *string `json:"name,omitempty" nullable:"true" maxLength:"200" doc:"Absent removes it, null leaves it as it is."`
	Comment     *string `json:"comment,omitempty" nullable:"true" maxLength:"2000" doc:"Absent removes it, null leaves it as it is."`
	Enabled     *bool   `json:"enabled,omitempty" nullable:"true" doc:"Absent or null leaves it as it is."`
	Default     *bool   `json:"default,omitempty" nullable:"true" doc:"Absent or null leaves it as it is. The default can't be set to false, only moved."`
	Certificate *string `json:"certificate,omitempty" nullable:"true" format:"byte" doc:"The .p12 file of its renewal in base64."`
	Password    *string `json:"password,omitempty" nullable:"true" maxLength:"1024" format:"password" doc:"Opens the file. It is not kept."`
}

// An operation is what the API can do: how it is described, who may ask for it,
// and how it is done.
type operation struct {
	huma.Operation
	scope sign.Scope
	do    doer
}

// operations lists all.
func (s *server) operations(schemas huma.Registry) []operation {
	d := describer{schemas}
	return []operation{
		{d.operation("listCertificates", http.MethodGet, collectionPath, "List certificates",
			d.in("query", "vendor", "Those of one vendor.", d.text(sign.VendorApple)),
			d.in("query", "enabled", "Those that are enabled, or are not.", &huma.Schema{Type: "boolean"}),
			d.in("query", "order", "The member to order by.", d.text(orderNames()...)),
			d.in("query", "page", "The number of the page, from 1.", d.number(1, maxPage)),
			d.in("query", "pageSize", "How many are on a page.", d.number(1, maxPageSize)),
			d.in("query", "direction", "Upwards or downwards.", d.text("ASC", "DESC")),
		).answers("200", "The certificates.", d.of(Page{})).fails(d, 400, 401, 403, 429),
			sign.ScopeRead, s.list},
		{d.operation("addCertificate", http.MethodPost, collectionPath, "Add or renew a certificate",
			d.in("header", nameHeader, "Names the request. Sent again within a day with the same name and body, it is answered as before and nothing is done twice.",
				&huma.Schema{Type: "string"}),
		).takes(d.of(NewCertificate{})).answers(created, "It was added.", d.of(Certificate{})).
			answers("200", "It renewed the one with its base name and team.", d.of(Certificate{})).
			fails(d, 400, 401, 403, 409, 413, 415, 422, 429),
			sign.ScopeWrite, s.create},
		{d.operation("getCertificate", http.MethodGet, entryPath, "Show a certificate", d.id()).
			answers("200", "The certificate.", d.of(Certificate{})).fails(d, 400, 401, 403, 404, 429),
			sign.ScopeRead, s.show},
		{d.operation("changeCertificate", http.MethodPut, entryPath, "Change or renew a certificate", d.id()).
			takes(d.of(CertificateChange{})).answers("200", "The certificate as it is now.", d.of(Certificate{})).
			fails(d, 400, 401, 403, 404, 409, 413, 415, 422, 429),
			sign.ScopeWrite, s.update},
		{d.operation("removeCertificate", http.MethodDelete, entryPath, "Remove a certificate with its key", d.id(),
			d.in("query", "force", "Also if jobs use it.", &huma.Schema{Type: "boolean"}),
		).answers("204", "It is gone.", nil).fails(d, 400, 401, 403, 404, 409, 429),
			sign.ScopeWrite, s.remove},
	}
}

// A describer writes parts of the document.
type describer struct{ schemas huma.Registry }

type described struct{ huma.Operation }

func (d describer) operation(id, method, path, summary string, params ...*huma.Param) described {
	revision := d.in("header", revisionHeader, "The revision of the API.", d.text(Revision))
	revision.Required = true
	return described{huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary, Parameters: append([]*huma.Param{revision}, params...),
		Responses: map[string]*huma.Response{}, Security: []map[string][]string{{basic: {}}},
	}}
}

func (d describer) in(where, name, doc string, schema *huma.Schema) *huma.Param {
	return &huma.Param{Name: name, In: where, Description: doc, Schema: schema}
}

func (d describer) id() *huma.Param {
	p := d.in("path", "id", "The id of the certificate.", &huma.Schema{Type: "string", Format: "uuid"})
	p.Required = true
	return p
}

func (d describer) text(choices ...string) *huma.Schema {
	s := &huma.Schema{Type: "string"}
	for _, c := range choices {
		s.Enum = append(s.Enum, c)
	}
	return s
}

func (d describer) number(from, to float64) *huma.Schema {
	return &huma.Schema{Type: "integer", Minimum: &from, Maximum: &to}
}

func (d describer) of(v any) *huma.Schema { return d.schemas.Schema(reflect.TypeOf(v), true, "") }

func (o described) takes(body *huma.Schema) described {
	o.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: body}}}
	return o
}

func (o described) answers(status, doc string, body *huma.Schema) described {
	r := &huma.Response{Description: doc, Headers: map[string]*huma.Param{
		revisionHeader: {Description: "The revision of the API.", Schema: &huma.Schema{Type: "string"}},
	}}
	if body != nil {
		r.Content = map[string]*huma.MediaType{"application/json": {Schema: body}}
	}
	if status == created {
		r.Headers["Location"] = &huma.Param{Description: "Where it is.", Schema: &huma.Schema{Type: "string"}}
	}
	o.Responses[status] = r
	return o
}

// fails adds the answers that say what is wrong.
func (o described) fails(d describer, statuses ...int) huma.Operation {
	for _, s := range statuses {
		o.Responses[strconv.Itoa(s)] = &huma.Response{
			Description: http.StatusText(s),
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: d.of(Problem{})}},
		}
	}
	return o.Operation
}

// serveDocuments serves the document in both forms.
func serveDocuments(mux *http.ServeMux, api *huma.OpenAPI) {
	full, err := json.MarshalIndent(api, "", "  ")
	if err != nil {
		panic("certapi: the OpenAPI document: " + err.Error())
	}
	older, err := older(api)
	if err != nil {
		panic("certapi: the OpenAPI document as 3.0: " + err.Error())
	}
	for path, document := range map[string][]byte{documentPath: full, document30Path: older} {
		document = append(document, '\n')
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Write(document)
		})
	}
}

// older returns the document as OpenAPI 3.0, for people to read as well.
func older(api *huma.OpenAPI) ([]byte, error) {
	text, err := api.Downgrade()
	if err != nil {
		return nil, err
	}
	var document any
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	return json.MarshalIndent(document, "", "  ")
}
