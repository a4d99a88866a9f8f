package wire

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestTransport(t *testing.T) {
	if _, err := Transport([]byte("nothing"), "bitrix24", nil); err == nil ||
		!strings.Contains(err.Error(), "bitrix24.ca") {
		t.Errorf("got %v", err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
	}))
	s.EnableHTTP2 = true
	s.StartTLS() // its certificate is for 127.0.0.1 and not for localhost
	defer s.Close()
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	for name, c := range map[string]struct {
		ca   []byte
		url  string
		says string // "" = trusted
	}{
		"good":              {own, s.URL, ""},
		"unknown authority": {nil, s.URL, "unknown authority"},
		"another name":      {own, strings.Replace(s.URL, "127.0.0.1", "localhost", 1), "not localhost"},
	} {
		seen := map[string]time.Time{}
		transport, err := Transport(c.ca, "bitrix24", func(host string, _, until time.Time) { seen[host] = until })
		if err != nil {
			t.Fatal(err)
		}
		resp, err := (&http.Client{Transport: transport}).Get(c.url)
		transport.CloseIdleConnections()
		var cert *tls.CertificateVerificationError
		switch {
		case c.says != "" && (!errors.As(err, &cert) || !strings.Contains(err.Error(), c.says) || len(seen) > 0):
			t.Errorf("%s: got %v, %v", name, err, seen)
		case c.says == "" && err != nil:
			t.Error(name, err)
		case c.says == "":
			if _ = resp.Body.Close(); resp.ProtoMajor != 2 || !seen["127.0.0.1"].Equal(s.Certificate().NotAfter) {
				t.Errorf("%s: %s, %v", name, resp.Proto, seen)
			}
		}
	}
}
