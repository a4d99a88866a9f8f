package wiring

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"helpdesk/pkg/config"
	"helpdesk/pkg/store"
	"helpdesk/pkg/version"
)

// The User-Agent for the portal and 1C has the name and the version of the program.
func TestServersAreToldTheVersion(t *testing.T) {
	var agents []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agents = append(agents, r.UserAgent())
		_, _ = w.Write([]byte(`{"result": {}, "value": []}`))
	}))
	defer s.Close()
	cfg := config.Default()
	cfg.Bitrix24.Webhook = s.URL + "/rest/7/code/"
	cfg.Contacts.OneC = &config.OneC{URL: s.URL + "/", Catalog: "C", Email: "E", Name: "N"}
	state, err := store.Open("", store.Options{Overlay: true})
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	p, err := New(cfg, state, Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Client.Call(t.Context(), "profile", nil, nil); err != nil {
		t.Fatal(err)
	}
	directory, err := oneC(*cfg.Contacts.OneC, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := directory.Profiles(t.Context(), []string{"a@b.example"}); err != nil {
		t.Fatal(err)
	}
	want := "helpdesk/" + version.Get().Version
	if len(agents) != 2 || agents[0] != want || agents[1] != want {
		t.Errorf("the servers saw %q, want %s", agents, want)
	}
}
