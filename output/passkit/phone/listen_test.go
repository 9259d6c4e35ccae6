package phone_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"passmill/output/passkit/phone"
)

// TestListen hears what a push server tells, until it hangs up.
func TestListen(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /listen/{token}", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"event":"listening"}`+"\n"+`{"event":"alive"}`+"\n")
		io.WriteString(w, `{"event":"push","token":"`+r.PathValue("token")+`","topic":"pass.a"}`+"\n"+`{"event":"gone","token":"abc"}`+"\n")
	})
	mux.HandleFunc("GET /odd/listen", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<html>\n") })
	server := httptest.NewServer(mux)
	defer server.Close()
	var heard []string
	hear := func(n phone.Notice) { heard = append(heard, fmt.Sprint(n)) }
	err := phone.Listen(t.Context(), server.Client(), server.URL+"/", "abc", hear)
	if err == nil || !strings.Contains(err.Error(), "hung up") {
		t.Errorf("the end: %v", err)
	}
	if want := "{listening  } | {alive  } | {push abc pass.a} | {gone abc }"; join(heard) != want {
		t.Errorf("heard %s, want %s", join(heard), want)
	}
	for address, want := range map[string]string{
		server.URL + "/nowhere": "status 404; is it passmill pretend-apns?", server.URL + "/odd": "invalid character", ":": "address is none",
	} {
		if err := phone.Listen(t.Context(), server.Client(), address, "", hear); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
}

// TestListenEnds hangs up while a server says nothing.
func TestListenEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"event":"listening"}`+"\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	if err := phone.Listen(ctx, server.Client(), server.URL, "", func(phone.Notice) { cancel() }); err == nil {
		t.Error("it ended without a reason")
	}
}
