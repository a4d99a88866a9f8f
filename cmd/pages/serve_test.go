package pages

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestOnlyLoopbackNames(t *testing.T) {
	h := Local(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for host, want := range map[string]int{
		"localhost:8080": 200, "LOCALHOST": 200, "127.0.0.1:8080": 200, "127.0.0.1": 200, "[::1]:8080": 200,
		"[::1]": 200, "localhost.:8080": 200,
		"evil.example": 421, "evil.example:8080": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example:80": 421,
		"LocalHost.:8080": 200, "127.8.9.10:1": 200, "[::ffff:127.0.0.1]:8080": 200, "[0:0:0:0:0:0:0:1]:8080": 200,
		"127.0.0.1.": 200, "[::]:8080": 421, "[::ffff:192.0.2.1]:8080": 421, "[fe80::1%lo]:8080": 421,
		"127.0.0.1.nip.io:8080": 421, "7f000001.c0000201.rbndr.example:8080": 421, "localhost.localdomain": 421,
		"127.1:8080": 421, "2130706433": 421, "0x7f.0.0.1": 421, "0177.0.0.1:80": 421, "localhost..": 421,
		"xn--localhost-": 421, "localhost@evil.example:80": 421, "evil.example:80@localhost": 421,
		"localhost:80@evil.example": 421, "localhost:80:80": 421, "[::1]evil.example": 421, "[::1": 421, " ": 421,
		".": 421, ":8080": 421, "127.0.0.1:evil": 421,
		"192.0.2.1:8080": 421, "": 421, "0.0.0.0": 421,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%q: %d, want %d", host, w.Code, want)
		}
	}
}
