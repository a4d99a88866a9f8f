package portal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"helpdesk/internal/testkit"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	sandbox "helpdesk/pkg/sandbox/portal"
)

func contents(texts ...string) func(int) (io.ReadCloser, error) {
	return func(i int) (io.ReadCloser, error) {
		if texts[i] == "gone" {
			return nil, errors.New("gone")
		}
		return io.NopCloser(strings.NewReader(texts[i])), nil
	}
}

// contactsOf returns the command that asks for the contacts of an address.
func contactsOf(address string) string {
	return "crm.contact.list?filter[EMAIL]=" + address +
		"&select[0]=ID&select[1]=NAME&select[2]=SECOND_NAME&select[3]=LAST_NAME" +
		"&select[4]=EMAIL&order[ID]=ASC&start=-1"
}

func TestPrepareIsOneBatch(t *testing.T) {
	s := testkit.NewScript(t, fixture(t, "prepare.json"))
	c := client(t, s, saved(map[string]string{savedFolder: "8930"}))
	files := []desk.File{{Name: "log.txt", Size: 6}, {Name: "a/b.txt", Size: 1}, {Name: "gone"}, {Name: "empty"}}
	p, err := c.Prepare(t.Context(), []string{"ivan@example.ru", "info@firm.ru", "anna@firm.ru", "dep@firm.ru",
		"no@firm.ru"}, files,
		contents("Hello!", "x", "gone", "", ""))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		contactsOf("ivan@example.ru"), contactsOf("info@firm.ru"), contactsOf("anna@firm.ru"),
		contactsOf("dep@firm.ru"), contactsOf("no@firm.ru"),
		"disk.folder.uploadfile?id=8930&data[NAME]=log.txt&fileContent[0]=log.txt&fileContent[1]=SGVsbG8h&generateUniqueName=1",
		"disk.folder.uploadfile?id=8930&data[NAME]=a_b.txt&fileContent[0]=a_b.txt&fileContent[1]=eA==&generateUniqueName=1",
	}
	if diff := cmp.Diff(want, s.Commands(t, 0)); diff != "" {
		t.Error(diff)
	}
	profiles := map[string]desk.Profile{
		"ivan@example.ru": {Name: "Иван Петрович", CRM: []string{"C_275"}, Source: "bitrix24"},
		"info@firm.ru":    {Name: "", CRM: []string{"C_301", "C_302"}, Source: "bitrix24"},
		"anna@firm.ru":    {Name: "Анна", CRM: []string{"C_301"}, Source: "bitrix24"},
		"dep@firm.ru":     {Name: "Отдел", CRM: []string{"C_303"}, Source: "bitrix24"},
	}
	if diff := cmp.Diff(profiles, p.Profiles); diff != "" || !p.Asked {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{9011, 0, 0, 0}, p.Objects); diff != "" {
		t.Error(diff)
	}
	if p.Errs[0] != nil {
		t.Error(p.Errs)
	}
	tells(t, p.Errs[1], told{fault.Never, fault.One})
	tells(t, p.Errs[2], told{fault.Refused, fault.One})
	tells(t, p.Errs[3], told{fault.Never, fault.One})
}

func TestPrepareWithNothingToDoMakesNoRequest(t *testing.T) {
	if p, err := client(t, testkit.NewScript(t)).Prepare(t.Context(), nil, nil, nil); err != nil {
		t.Error(p, err)
	}
}

// Files that an earlier pass uploaded are checked. One that is missing, belongs to somebody else or is another file is
// uploaded again; one that can't be checked is kept.
func TestPrepareLooksAtWhatWasUploaded(t *testing.T) {
	look := `{"result":{"result":{"c0":{"ID":"1","NAME":"a (1).txt","SIZE":"3"},"c1":{"ID":"2","NAME":"secret.txt","SIZE":"9"},
		"c4":{"ID":"5","NAME":"a.txt","SIZE":"4"}},"result_error":{"c2":{"error":"ERROR_NOT_FOUND","error_description":"x"},
		"c3":{"error":"INTERNAL_SERVER_ERROR","error_description":"x"},"c5":{"error":"ACCESS_DENIED","error_description":"x"}}}}`
	up := `{"result":{"result":{"c0":{"ID":"12"},"c1":{"ID":"13"},"c2":{"ID":"15"},"c3":{"ID":"16"}},"result_error":[]}}`
	c := client(t, testkit.NewScript(t, testkit.Answer(200, look), testkit.Answer(200, up)),
		saved(map[string]string{savedFolder: "8930"}))
	var files []desk.File
	for i := range 6 {
		files = append(files, desk.File{Name: "a.txt", Size: 3, Object: int64(i + 1)})
	}
	p, err := c.Prepare(t.Context(), nil, files, contents("aaa", "aaa", "aaa", "aaa", "aaa", "aaa"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{1, 12, 13, 4, 15, 16}, p.Objects); diff != "" {
		t.Error(diff)
	}
}

func TestFolderIsLookedUpOnce(t *testing.T) {
	values := map[string]string{}
	look := `{"result":{"result":{"c0":[{"ID":"1357","ENTITY_TYPE":"user","ROOT_OBJECT_ID":"8930"}]},"result_error":[]}}`
	file := `{"result":{"result":{"c0":{"ID":"5"}},"result_error":[]}}`
	gone := `{"result":{"result":[],"result_error":{"c0":{"error":"ERROR_NOT_FOUND","error_description":"x"}}}}`
	s := testkit.NewScript(t, testkit.Answer(200, look), testkit.Answer(200, file), testkit.Answer(200, gone),
		testkit.Answer(200, look), testkit.Answer(200, file))
	c := client(t, s, saved(values))
	for _, want := range []int64{5, 0, 5} { // the folder is deleted in between
		p, err := c.Prepare(t.Context(), nil, []desk.File{{Name: "a", Size: 1}}, contents("a"))
		if err != nil || p.Objects[0] != want {
			t.Error(p, err)
		}
	}
	want := "disk.storage.getlist?filter[ENTITY_TYPE]=user&filter[ENTITY_ID]=17"
	if got := s.Commands(t, 0)[0]; got != want {
		t.Error(got)
	}
}

// If there is no folder for files, tasks are made without them. This is asked once a day, and again by a check.
func TestMissingFolderCostsTheFilesOnly(t *testing.T) {
	for name, folder := range map[string]string{
		"scope":   `"result_error":{"c1":{"error":"insufficient_scope"}},"result":{"c0":[]}`,
		"storage": `"result_error":[],"result":{"c0":[],"c1":[]}`,
	} {
		values := map[string]string{}
		s := testkit.NewScript(t, testkit.Answer(200, `{"result":{`+folder+`}}`),
			testkit.Answer(200, `{"result":{"result":{"c0":[]},"result_error":[]}}`))
		c := client(t, s, saved(values))
		for range 2 {
			p, err := c.Prepare(t.Context(), []string{"a@b.ru"}, []desk.File{{Name: "a", Size: 1}}, contents("a"))
			if err != nil || !p.Asked {
				t.Fatal(name, err)
			}
			tells(t, p.Errs[0], told{fault.Never, fault.One})
			if !strings.Contains(p.Errs[0].Error(), name) {
				t.Error(p.Errs[0])
			}
		}
		if again := s.Commands(t, 1); len(again) != 1 {
			t.Error(name, again)
		}
	}
}

func TestCheckFindsAFolderThatWasMissing(t *testing.T) {
	values := map[string]string{savedNoDisk: `"no scope"`}
	_, c := live(t, sandbox.PortalOptions{}, saved(values))
	c.Check(t.Context(), Want{})
	p, err := c.Prepare(t.Context(), nil, []desk.File{{Name: "a", Size: 1}}, contents("a"))
	if err != nil || p.Objects[0] == 0 {
		t.Error(p, err)
	}
}

// If the portal could not answer where the folder is, it is asked again.
func TestFolderThatIsAwayIsAskedForAgain(t *testing.T) {
	values := map[string]string{}
	s := testkit.NewScript(t, testkit.Answer(200,
		`{"result":{"result":[],"result_error":{"c0":{"error":"INTERNAL_SERVER_ERROR"}}}}`))
	p, err := client(t, s, saved(values)).Prepare(t.Context(), nil, []desk.File{{Name: "a", Size: 1}}, contents("a"))
	if err != nil || fault.Of(p.Errs[0]) == fault.Never || values[savedNoDisk] != "" {
		t.Error(p, err, values)
	}
}

func TestMissingScopeOfCRMIsRemembered(t *testing.T) {
	values := map[string]string{}
	s := testkit.NewScript(t, testkit.Answer(200,
		`{"result":{"result":[],"result_error":{"c0":{"error":"insufficient_scope"}}}}`))
	c := client(t, s, saved(values))
	for range 2 {
		p, err := c.Prepare(t.Context(), []string{"a@b.ru"}, nil, nil)
		if err != nil || p.Asked {
			t.Error(p, err)
		}
	}
	if s.Count() != 1 {
		t.Error(s.Count())
	}
}

func TestManyAddressesAreStillOneBatch(t *testing.T) {
	s := testkit.NewScript(t, testkit.Answer(200, `{"result":{"result":[],"result_error":[]}}`))
	var as []string
	for i := range 50 {
		as = append(as, fmt.Sprintf("a%d@b.ru", i))
	}
	if _, err := client(t, s).Prepare(t.Context(), as, nil, nil); err != nil {
		t.Fatal(err)
	}
	if n := len(s.Commands(t, 0)); n != 50 {
		t.Error(n)
	}
}

func TestFilesOfABatchAreBounded(t *testing.T) {
	const size = maxInline/2 - 100
	text := strings.Repeat("x", size)
	ok := testkit.Answer(200, `{"result":{"result":{"c0":{"ID":1},"c1":{"ID":2}},"result_error":[]}}`)
	s := testkit.NewScript(t, ok, ok)
	c := client(t, s, saved(map[string]string{savedFolder: "1"}))
	files := []desk.File{{
		Name: "a",
		Size: size,
	}, {Name: "b", Size: size}, {Name: "c", Size: size}, {Name: "d", Size: size}}
	p, err := c.Prepare(t.Context(), nil, files, contents(text, text, text, text))
	if diff := cmp.Diff([]int64{1, 2, 1, 2}, p.Objects); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if a, b := len(s.Commands(t, 0)), len(s.Commands(t, 1)); a != 2 || b != 2 {
		t.Error(a, b)
	}
}

func TestLargeFileIsStreamed(t *testing.T) {
	size := int64(maxInline + 1)
	var s *testkit.Script
	got := int64(0)
	s = testkit.NewScript(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w,
			`{"result":{"result":{"c0":{"field":"file","uploadUrl":"%s/rest/upload.json?auth=s&token=t"}},"result_error":[]}}`, s.URL)
	}, func(w http.ResponseWriter, r *http.Request) {
		_, p, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		part, err := multipart.NewReader(bytes.NewReader([]byte(s.Request(1).Body)), p["boundary"]).NextPart()
		if err != nil || part.FormName() != "file" || part.FileName() != "big.bin" {
			t.Error(err, part)
			return
		}
		got, _ = io.Copy(io.Discard, part)
		io.WriteString(w, `{"result":{"ID":"9","FILE_ID":"8"}}`)
	})
	c := client(t, s, saved(map[string]string{savedFolder: "1"}))
	opened := 0
	p, err := c.Prepare(t.Context(), nil, []desk.File{{Name: "big.bin", Size: size}}, func(int) (io.ReadCloser, error) {
		opened++
		return io.NopCloser(io.LimitReader(zeros{}, size)), nil
	})
	if err != nil || p.Errs[0] != nil || p.Objects[0] != 9 || got != size || opened != 1 {
		t.Error(p, err, got, opened)
	}
	if want := "disk.folder.uploadfile?id=1&data[NAME]=big.bin&generateUniqueName=1"; s.Commands(t, 0)[0] != want {
		t.Error(s.Commands(t, 0))
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestPrepareMayBeRepeatedAfterAnyFailure(t *testing.T) {
	s := testkit.NewScript(t, testkit.Answer(502, "<html>"))
	c := client(t, s, saved(map[string]string{savedFolder: "1"}))
	_, err := c.Prepare(t.Context(), nil, []desk.File{{Name: "a", Size: 1}}, contents("a"))
	tells(t, err, told{fault.Refused, fault.Server})
}

func TestFileName(t *testing.T) {
	for in, want := range map[string]string{
		`a\b/c:d*e?f"g<h>i|j.txt`: "a_b_c_d_e_f_g_h_i_j.txt", " x. . ": "x", "": "file", "...": "file",
		"a\x00b\n":                         "a_b",
		strings.Repeat("ж", 200) + ".docx": strings.Repeat("ж", 97) + ".docx",
	} {
		if got := driveName(in); got != want {
			t.Errorf("driveName(%q) = %q, want %q", in, got, want)
		}
	}
}

// A portal that ignores the filter returns all contacts: nobody is greeted by a stranger's name.
func TestContactsNobodyAskedFor(t *testing.T) {
	s := testkit.NewScript(t, testkit.Answer(200, `{"result":{"result":{"c0":[
		{"ID":"1","NAME":"Olga","EMAIL":[{"VALUE":"olga@b.ru"}]},{"ID":"2","NAME":"Nobody","EMAIL":[]},{"ID":"4","NAME":"None"},
		{"ID":"3","NAME":"Ivan","EMAIL":[{"VALUE":"IVAN@b.ru"},{"VALUE":"home@c.ru"}]}]},"result_error":[]}}`))
	got, err := client(t, s).Prepare(t.Context(), []string{"ivan@b.ru"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]desk.Profile{"ivan@b.ru": {Name: "Ivan", CRM: []string{"C_3"}, Source: "bitrix24"}}
	if diff := cmp.Diff(want, got.Profiles); diff != "" {
		t.Error(diff)
	}
}

// Text that batch would change is sent by itself, both in the name of a file and in an address.
func TestReferencesOutsideOfTexts(t *testing.T) {
	o := sandbox.PortalOptions{Contacts: []sandbox.Contact{{ID: 275, Name: "Ivan", Emails: []string{"$next@b.ru"}}}}
	p, c := live(t, o, saved(map[string]string{savedFolder: "8930"}))
	const name = "costs $total $result[a].txt"
	prep, err := c.Prepare(t.Context(), []string{"$next@b.ru"}, []desk.File{{
		Name: name,
		Size: 1,
	}, {Name: "b.txt", Size: 1}}, contents("x", "y"))
	if err != nil || prep.Errs[0] != nil || prep.Errs[1] != nil || prep.Profiles["$next@b.ru"].Name != "Ivan" {
		t.Fatal(prep, err)
	}
	e := openEffect("k", "a")
	e.Post.Files = []desk.File{{Object: prep.Objects[0]}, {Object: prep.Objects[1]}}
	if got, _ := p.Task(c.Make(t.Context(), []desk.Effect{e})[0].Task); len(got.Files) != 2 ||
		got.Files[0].Name != name || got.Files[1].Name != "b.txt" {
		t.Errorf("%+v", got.Files)
	}
}
