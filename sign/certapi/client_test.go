package certapi_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/oapi-codegen/nullable"

	"passmill/sign/certapi/testdata/client"
)

// TestGeneratedClient: a client that an existing generator has made of the OpenAPI
// document does everything with a running server.
func TestGeneratedClient(t *testing.T) {
	s := newService(t)
	asAccount := func(_ context.Context, r *http.Request) error {
		r.SetBasicAuth("account", s.keys["account"])
		return nil
	}
	api, err := client.NewClientWithResponses(s.URL, client.WithRequestEditorFn(asAccount))
	must(t, err)
	ctx := t.Context()
	file := func(days int) []byte {
		data, err := base64.StdEncoding.DecodeString(p12(t, typed("pass.com.example.a", days)))
		must(t, err)
		return data
	}
	name := "one"
	added, err := api.AddCertificateWithResponse(ctx, &client.AddCertificateParams{ApiRevision: client.AddCertificateParamsApiRevisionN12, IdempotencyKey: &name}, client.NewCertificate{
		Certificate: file(100), Password: nullable.NewNullableWithValue(password), Name: nullable.NewNullableWithValue("Members"),
	})
	must(t, err)
	if added.JSON201 == nil {
		t.Fatalf("add: %s\n%s", added.Status(), added.Body)
	}
	id := added.JSON201.Id
	if added.JSON201.Name != "Members" || !added.JSON201.Default || id == uuid.Nil || added.JSON201.ValidityEnd.Before(added.JSON201.ValidityStart) {
		t.Errorf("added: %+v", added.JSON201)
	}

	enabled, size := true, 10
	page, err := api.ListCertificatesWithResponse(ctx, &client.ListCertificatesParams{ApiRevision: client.ListCertificatesParamsApiRevisionN12, Enabled: &enabled, PageSize: &size})
	must(t, err)
	if page.JSON200 == nil || page.JSON200.Count != 1 || !page.JSON200.NextPage.IsNull() || page.JSON200.Certificates[0].Id != id {
		t.Errorf("list: %s\n%s", page.Status(), page.Body)
	}
	shown, err := api.GetCertificateWithResponse(ctx, id, &client.GetCertificateParams{ApiRevision: client.GetCertificateParamsApiRevisionN12})
	must(t, err)
	if shown.JSON200 == nil || shown.JSON200.BaseName != "pass.com.example.a" {
		t.Errorf("show: %s\n%s", shown.Status(), shown.Body)
	}

	change := client.CertificateChange{Name: nullable.NewNullNullable[string](), Comment: nullable.NewNullableWithValue("of the club"), Certificate: nullable.NewNullableWithValue(file(200)), Password: nullable.NewNullableWithValue(password)}
	changed, err := api.ChangeCertificateWithResponse(ctx, id, &client.ChangeCertificateParams{ApiRevision: client.ChangeCertificateParamsApiRevisionN12}, change)
	must(t, err)
	if changed.JSON200 == nil || changed.JSON200.Name != "Members" || changed.JSON200.Comment != "of the club" || !changed.JSON200.ValidityEnd.After(shown.JSON200.ValidityEnd) {
		t.Errorf("change: %s\n%s", changed.Status(), changed.Body)
	}
	no := client.CertificateChange{Default: nullable.NewNullableWithValue(false)}
	refused, err := api.ChangeCertificateWithResponse(ctx, id, &client.ChangeCertificateParams{ApiRevision: client.ChangeCertificateParamsApiRevisionN12}, no)
	must(t, err)
	if p := refused.ApplicationproblemJSON409; p == nil || p.Errors == nil || (*p.Errors)[0].Field != "default" {
		t.Errorf("a refusal: %s\n%s", refused.Status(), refused.Body)
	}
	removed, err := api.RemoveCertificateWithResponse(ctx, id, &client.RemoveCertificateParams{ApiRevision: client.RemoveCertificateParamsApiRevisionN12})
	must(t, err)
	if removed.StatusCode() != http.StatusNoContent {
		t.Errorf("remove: %s\n%s", removed.Status(), removed.Body)
	}
	gone, err := api.GetCertificateWithResponse(ctx, id, &client.GetCertificateParams{ApiRevision: client.GetCertificateParamsApiRevisionN12})
	must(t, err)
	if gone.ApplicationproblemJSON404 == nil {
		t.Errorf("after it was removed: %s\n%s", gone.Status(), gone.Body)
	}
}
