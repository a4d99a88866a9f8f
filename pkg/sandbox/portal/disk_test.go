package portal

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func (r *rig) download(address string) string {
	r.t.Helper()
	return r.downloadAs(address, "test/1", strings.Split(r.hook, "rest/")[0])
}

func (r *rig) downloadAs(address, agent, referer string) string {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("User-Agent", agent) // if it is empty, Go sends none
	req.Header.Set("Referer", referer)
	resp, err := r.http.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, _ := io.ReadAll(resp.Body)
	return string(raw)
}

func TestUpload(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	root := r.ok("disk.storage.getlist", `{"filter":{"ENTITY_TYPE":"user","ENTITY_ID":"17"}}`).Str("result", "0",
		"ROOT_OBJECT_ID")
	sub := r.ok("disk.folder.addsubfolder", `{"id":`+root+`,"data":{"NAME":"helpdesk"}}`).Str("result", "ID")
	r.refused("folder clash", r.call("disk.folder.addsubfolder", `{"id":`+root+`,"data":{"NAME":"helpdesk"}}`), 400,
		"DISK_OBJ_22000")
	body := `{"id":` + sub + `,"data":{"NAME":"a.txt"},"fileContent":["a.txt","aGVsbG8+IQ=="]`
	a := r.call("disk.folder.uploadfile", body+`}`)
	object := a.body.Int("result", "ID")
	if object == 0 || a.body.Int("result", "FILE_ID") == object || !strings.Contains(a.raw, `"SIZE":"7"`) ||
		strings.Contains(a.raw, `"ID":"`) && !strings.Contains(a.raw, `"ID":`+id(object)) {
		t.Errorf("upload: %s", a.raw)
	}
	r.refused("name clash", r.call("disk.folder.uploadfile", body+`}`), 400, "ERROR_COULD_NOT_SAVE_FILE")
	if got := r.ok("disk.folder.uploadfile", body+`,"generateUniqueName":true}`).Str("result",
		"NAME"); got != "a (1).txt" {
		t.Errorf("unique name %q", got)
	}
	in := r.batch(0, "raw", "disk.folder.uploadfile?id="+sub+
		"&data[NAME]=b.txt&fileContent[0]=b.txt&fileContent[1]=aGVsbG8+IQ==",
		"encoded", "disk.folder.uploadfile?id="+sub+
			"&data[NAME]=b.txt&fileContent[0]=b.txt&fileContent[1]=aGVsbG8%2BIQ%3D%3D")
	if in.Str("result", "result_error", "raw", "error") != "ERROR_COULD_NOT_SAVE_FILE" ||
		in.Str("result", "result", "encoded", "SIZE") != "7" {
		t.Errorf("base64 in a batch: %v", in.Get("result"))
	}
	r.refused("data: prefix", r.call("disk.folder.uploadfile",
		`{"id":`+sub+`,"data":{"NAME":"c"},"fileContent":["c","data:text/plain;base64,aGk="]}`), 400,
		"ERROR_COULD_NOT_SAVE_FILE")
	r.refused("no name", r.call("disk.folder.uploadfile", `{"id":`+sub+`,"fileContent":["c","aGk="]}`), 400,
		"DISK_BASE_SERVICE_22001")
	r.refused("no folder", r.call("disk.folder.uploadfile", `{"id":1,"data":{"NAME":"c"},"fileContent":["c","aGk="]}`),
		400, "ERROR_NOT_FOUND")

	got := r.call("disk.file.get", `{"id":`+id(object)+`}`)
	if !strings.Contains(got.raw, `"ID":"`+id(object)+`"`) {
		t.Errorf("QUIRK disk.file.get has text ids: %s", got.raw)
	}
	address := got.body.Str("result", "DOWNLOAD_URL")
	if content := r.download(address); content != "hello>!" {
		t.Errorf("content %q", content)
	}
	if a := r.send(address, "", ""); a.status != 404 {
		t.Errorf("QUIRK a download without Referer: %d", a.status)
	}
	for what, content := range map[string]string{
		"without User-Agent":  r.downloadAs(address, "", strings.Split(r.hook, "rest/")[0]),
		"from somewhere else": r.downloadAs(address, "test/1", "https://elsewhere.example/"),
	} {
		if !strings.Contains(content, "404") {
			t.Errorf("QUIRK a download %s: %q", what, content)
		}
	}
}

func TestUploadByAddress(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	got := r.ok("disk.storage.uploadfile", `{"id":1357,"data":{"NAME":"big.bin"},"generateUniqueName":true}`)
	if got.Str("result", "field") != "file" {
		t.Fatalf("%v", got.Get("result"))
	}
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, _ := form.CreateFormFile("file", "big.bin")
	_, _ = part.Write([]byte("content"))
	_ = form.Close()
	a := r.send(got.Str("result", "uploadUrl"), form.FormDataContentType(), b.String())
	if a.status != 200 || a.body.Int("result", "ID") == 0 || a.body.Str("result", "SIZE") != "7" {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if again := r.ok("disk.storage.uploadfile",
		`{"id":1357,"data":{"NAME":"big.bin"},"generateUniqueName":true}`).Str("result",
		"uploadUrl"); again == got.Str("result", "uploadUrl") {
		t.Error("an address is given out twice")
	} else if a := r.send(again, form.FormDataContentType(), b.String()); a.body.Str("result",
		"NAME") != "big (1).bin" {
		t.Errorf("QUIRK the name is taken: %s", a.raw)
	}
	clash := r.ok("disk.storage.uploadfile", `{"id":1357,"data":{"NAME":"big.bin"}}`).Str("result", "uploadUrl")
	r.refused("name clash", r.send(clash, form.FormDataContentType(), b.String()), 400, "ERROR_COULD_NOT_SAVE_FILE")
	if again := r.send(got.Str("result", "uploadUrl"), form.FormDataContentType(), b.String()); again.status != 403 {
		t.Errorf("second use of the address: %d", again.status)
	}
}

// A form that is cut off, has no file in its field, or is of another type stores nothing.
func TestUploadOfABrokenForm(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	const (
		kind = "multipart/form-data; boundary=b"
		head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n"
		note = "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nfirst\r\n"
		last = "\r\n--b--\r\n"
	)
	address := func() string {
		return r.ok("disk.storage.uploadfile", `{"id":1357,"generateUniqueName":true}`).Str("result", "uploadUrl")
	}
	for name, c := range map[string]struct{ kind, body string }{
		"cut off in the file":  {kind, head + "content"},
		"another field":        {kind, strings.Replace(head, `"file"`, `"data"`, 1) + "content" + last},
		"a field, not a file":  {kind, strings.Replace(head, `; filename="a"`, "", 1) + "content" + last},
		"empty":                {kind, ""},
		"other parts":          {"multipart/mixed; boundary=b", head + "content" + last},
		"not a form":           {"application/octet-stream", "content"},
		"without its boundary": {"multipart/form-data", head + "content" + last},
	} {
		r.refused(name, r.send(address(), c.kind, c.body), 400, "ERROR_COULD_NOT_SAVE_FILE")
	}
	files := head + "content\r\n" + strings.Replace(head, `"a"`, `"b"`, 1) + "second" + last
	for body, size := range map[string]string{note + files: "7", head + last: "0"} {
		a := r.send(address(), kind, body)
		if a.status != 200 || !strings.HasPrefix(a.body.Str("result", "NAME"), "a") ||
			a.body.Str("result", "SIZE") != size {
			t.Errorf("%d %s", a.status, a.raw)
		}
	}
}

// A file sent by itself is copied once, out of a buffer that later requests use again.
func TestUploadAllocatesItsFileOnce(t *testing.T) {
	const size = 1 << 20
	p := NewPortal(PortalOptions{NoLimit: true})
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, _ := w.CreateFormFile("file", "big.bin") // in memory, it cannot fail
	_, _ = part.Write(make([]byte, size))
	_ = w.Close()
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it would empty the pool of buffers
	least := uint64(math.MaxUint64)
	for range 10 { // with the race detector the pool drops some
		address := "/rest/upload.json?token=" + p.world.drive.expect(upload{folder: rootFolder, unique: true})
		r := httptest.NewRequest(http.MethodPost, address, bytes.NewReader(form.Bytes()))
		r.Header.Set("Content-Type", w.FormDataContentType())
		answer := httptest.NewRecorder()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p.ServeHTTP(answer, r)
		runtime.ReadMemStats(&after)
		if answer.Code != http.StatusOK {
			t.Fatal(answer.Code, answer.Body)
		}
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	if least > size*5/4 {
		t.Errorf("%d bytes are allocated for a file of %d", least, size)
	}
}

func TestFilesOfATask(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	uploaded := r.ok("disk.folder.uploadfile", `{"id":8930,"data":{"NAME":"a.txt"},"fileContent":["a.txt","aGVsbG8="]}`)
	object := uploaded.Int("result", "ID")
	n := r.ok("tasks.task.add", `{"fields":{"TITLE":"x","RESPONSIBLE_ID":7,"UF_TASK_WEBDAV_FILES":["n`+id(object)+
		`","`+id(object)+`"]}}`).Int("result", "task", "id")
	got := r.ok("tasks.task.get", `{"taskId":`+id(n)+`,"select":["ID","UF_TASK_WEBDAV_FILES"]}`)
	list, _ := got.Get("result", "task", "ufTaskWebdavFiles").(*Params)
	attach := list.Int("0")
	if list.Len() != 1 || attach == object || !got.Has("result", "task", "ufCrmTask") {
		t.Errorf("QUIRK attachment ids, and only of values with n: %v", got.Get("result"))
	}
	if back := r.ok("disk.attachedObject.get",
		`{"id":`+id(attach)+`}`); back.Str("result", "OBJECT_ID") != id(object) ||
		back.Str("result", "NAME") != "a.txt" {
		t.Errorf("attached object: %v", back.Get("result"))
	}
	wrong := fmt.Sprintf(`[%d,{"POST_MESSAGE":"x","UF_FORUM_MESSAGE_DOC":["n%d"]}]`, n,
		uploaded.Int("result", "FILE_ID"))
	r.refused("QUIRK a FILE_ID is no file", r.call("task.commentitem.add", wrong), 400, "ERROR_CORE")
	r.refused("prefix", r.call("tasks.task.files.attach", `{"taskId":`+id(n)+`,"fileId":"n`+id(object)+`"}`), 400,
		"100")
	if r.ok("tasks.task.files.attach", `{"taskId":`+id(n)+`,"fileId":`+id(object)+`}`).Int("result",
		"attachmentId") == 0 {
		t.Error("no attachmentId")
	}
	if task, _ := r.Task(n); len(task.Files) != 2 || string(task.Files[0].Content) != "hello" {
		t.Errorf("files: %v", task.Files)
	}
}

func TestFileDelete(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	file := r.upload("a.txt", "aGVsbG8=")
	r.ok("disk.file.delete", `{"id":`+id(file)+`}`)
	if fs := r.Files(); len(fs) != 0 {
		t.Errorf("%v", fs)
	}
	r.refused("again", r.call("disk.file.delete", `{"id":`+id(file)+`}`), 400, "ERROR_NOT_FOUND")
	if r.upload("a.txt", "aGVsbG8="); r.Files()[0].Name != "a.txt" {
		t.Errorf("the name is still taken: %v", r.Files())
	}
	n := r.task("x")
	r.Say(n, 7, "see", File{Name: "hers.txt", Content: []byte("x")})
	r.refused("another's", r.call("disk.file.delete", `{"id":`+id(r.last(n).Files[0].Object)+`}`), 403, "ACCESS_DENIED")
}
