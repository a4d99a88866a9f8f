package onec

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
)

// catalogue is a 1C with one contact. It refuses what 1C refuses.
func catalogue(t *testing.T, asked *[]string) Options {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if user != "robot" || password != "secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.URL.Path != "/base/odata/Catalog_Контакты" || strings.Contains(r.URL.RawQuery, "+") {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		filter := r.URL.Query().Get("$filter")
		*asked = append(*asked, filter)
		if !strings.Contains(filter, "Почта eq 'ivan@example.ru'") {
			fmt.Fprint(w, `{"value":[]}`)
			return
		}
		fmt.Fprint(w,
			`{"odata.metadata":"x","value":[{"Почта":"Ivan@Example.ru","Имя":" Иван Петрович "},{"Почта":"no@name.ru","Имя":""},{"Почта":5}]}`)
	}))
	t.Cleanup(s.Close)
	return Options{
		URL:      s.URL + "/base/odata/",
		Catalog:  "Catalog_Контакты",
		Email:    "Почта",
		Name:     "Имя",
		User:     "robot",
		Password: "secret",
	}
}

func client(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestProfiles(t *testing.T) {
	var asked []string
	addresses := []string{"ivan@example.ru", "o'neil@example.ru"}
	for i := range 25 {
		addresses = append(addresses, fmt.Sprintf("a%d@example.ru", i))
	}
	got, err := client(t, catalogue(t, &asked)).Profiles(context.Background(), addresses)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]desk.Profile{"ivan@example.ru": {Name: "Иван Петрович", Source: "onec"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(asked) != 2 || !strings.Contains(asked[0], "'o''neil@example.ru'") {
		t.Errorf("asked %d times: %q", len(asked), asked)
	}
}

func TestRefusalTellsNoSecret(t *testing.T) {
	var asked []string
	o := catalogue(t, &asked)
	o.Password = "wrong-secret"
	_, err := client(t, o).Profiles(context.Background(), []string{"ivan@example.ru"})
	if err == nil || !strings.Contains(err.Error(), "401") || strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("got %v", err)
	}
	o.URL = "http://127.0.0.1:1/"
	if _, err := client(t, o).Profiles(context.Background(), []string{"ivan@example.ru"}); err == nil ||
		strings.Contains(err.Error(), "ivan@") {
		t.Errorf("got %v", err)
	}
}

// TestOwnAuthority queries a database whose certificate is signed by a company's own authority.
func TestOwnAuthority(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"value":[{"Почта":"ivan@example.ru","Имя":"Иван"}]}`)
	}))
	defer s.Close()
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	o := Options{URL: s.URL, Catalog: "c", Email: "Почта", Name: "Имя"}
	_, err := client(t, o).Profiles(t.Context(), []string{"ivan@example.ru"})
	if err == nil || !strings.Contains(err.Error(), "contacts.onec.ca") {
		t.Errorf("without the authority: %v", err)
	}
	o.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	got, err := client(t, o).Profiles(t.Context(), []string{"ivan@example.ru"})
	if err != nil || len(got) != 1 {
		t.Errorf("with it: %v, %v", got, err)
	}
	o.CA = []byte("no certificate")
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), "contacts.onec.ca") {
		t.Errorf("with a file that holds none: %v", err)
	}
}
