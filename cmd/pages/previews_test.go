package pages

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"helpdesk/pkg/config"
)

// TestPreviewFollowsTheFiles changes a template and then breaks it while the preview is open.
func TestPreviewFollowsTheFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("own/en/closed.text.tmpl", "First words")
	write("helpdesk.yaml", strings.NewReplacer(`templates: ""`, "templates: own", "locale: ru",
		"locale: en").Replace(string(config.Example("ru"))))
	env := func(string) (string, bool) { return "https://portal.example.ru/rest/7/code/", true }
	settings := func() (*config.Config, error) { return config.LoadOffline(filepath.Join(dir, "helpdesk.yaml"), env) }
	h := Previews(settings, "closed")
	get := func(path string) string {
		t.Helper()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != 200 {
			t.Fatalf("%s: %d", path, w.Code)
		}
		return w.Body.String()
	}
	page, before := get("/"), get("/version")
	if n := strings.Count(page, "<iframe"); n != 16 || !strings.Contains(page, "First words") ||
		strings.Contains(page, `class="error"`) {
		t.Fatalf("%d frames in %s", n, page)
	}
	if order := regexp.MustCompile(`section id="(\w+)"`).FindAllString(page, -1); len(order) != 4 ||
		!strings.Contains(order[0], "closed") {
		t.Errorf("order %v", order)
	}
	if get("/version") != before || !strings.Contains(page, before) {
		t.Error("nothing changed, but the version did")
	}
	dark, light := get("/letter/closed?scheme=dark"), get("/letter/closed?scheme=light")
	if !strings.Contains(dark, "@media (min-width: 0) {") || !strings.Contains(light, "@media (max-width: 0) {") {
		t.Errorf("schemes: %s", dark)
	}
	write("own/en/closed.text.tmpl", "Other words")
	if get("/version") == before || !strings.Contains(get("/"), "Other words") {
		t.Error("the change is not shown")
	}
	write("own/en/closed.text.tmpl", "a\n{{.Nonsense}}")
	if page := get("/"); !strings.Contains(page, "en/closed.text.tmpl:2:2:") || strings.Contains(page, "<iframe") {
		t.Errorf("the mistake is not shown: %s", page)
	}
	write("own/en/closed.text.tmpl", "Last words")
	if page := get("/"); !strings.Contains(page, "Last words") || strings.Contains(page, `class="error"`) {
		t.Error("the letters do not come back")
	}
}
