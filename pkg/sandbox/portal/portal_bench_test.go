package portal

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// serve handles one request without a network.
func serve(b *testing.B, p *Portal, method, body string) string {
	b.Helper()
	r := httptest.NewRequest(http.MethodPost, "/rest/17/sandbox-code/"+method, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"result_error":[]`) {
		b.Fatalf("%d %.500s", w.Code, w.Body)
	}
	return w.Body.String()
}

func batchBody(b *testing.B, cmds []string) string {
	b.Helper()
	cmd := &Params{}
	for i, c := range cmds {
		cmd.set(fmt.Sprint("c", i), c)
	}
	raw, err := appendJSON(nil, object{"halt": 0, "cmd": cmd}) // as clients write it: & is not escaped
	if err != nil {
		b.Fatal(err)
	}
	return string(raw)
}

func BenchmarkBatchOfTasks(b *testing.B) {
	text := strings.Repeat("Принтер не печатает, на экране ошибка #12 & мигает + лампа.\n", 50)
	var cmds []string
	for i := range 50 {
		query := url.Values{"fields[TITLE]": {fmt.Sprint("Принтер ", i)}, "fields[DESCRIPTION]": {text},
			"fields[RESPONSIBLE_ID]": {"7"},
			"fields[XML_ID]":         {fmt.Sprint("hd-", i)}, "fields[TAGS][0]": {"helpdesk"}}
		cmds = append(cmds, "tasks.task.add?"+query.Encode())
	}
	answerBatches(b, cmds)
}

func BenchmarkBatchOfUploads(b *testing.B) {
	content := make([]byte, 100_000)
	for i := range content {
		content[i] = byte(i * i >> 3)
	}
	encoded := base64.StdEncoding.EncodeToString(content)
	var cmds []string
	for i := range 20 {
		query := url.Values{
			"id":                 {"8930"},
			"data[NAME]":         {fmt.Sprint(i, ".bin")},
			"fileContent[0]":     {"x.bin"},
			"fileContent[1]":     {encoded},
			"generateUniqueName": {"1"},
		}
		cmds = append(cmds, "disk.folder.uploadfile?"+query.Encode())
	}
	answerBatches(b, cmds)
}

// answerBatches makes a new portal run the commands repeatedly.
func answerBatches(b *testing.B, cmds []string) {
	b.Helper()
	body := batchBody(b, cmds)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	p := NewPortal(PortalOptions{NoLimit: true})
	for b.Loop() {
		serve(b, p, "batch", body)
		p.ResetCounts()
		p.world = newWorld(&p.o)
		p.SetScopes(allScopes...)
	}
}

// BenchmarkChangesOfManyTasks asks as notify does for what changed, of 10,000 tasks.
func BenchmarkChangesOfManyTasks(b *testing.B) {
	now := time.Date(2026, 3, 12, 10, 0, 0, 0, time.UTC)
	p := NewPortal(PortalOptions{NoLimit: true, Now: func() time.Time { return now }})
	var cmds []string
	for i := range 50 {
		query := url.Values{
			"fields[TITLE]":          {"Принтер"},
			"fields[RESPONSIBLE_ID]": {"7"},
			"fields[XML_ID]":         {fmt.Sprint(i)},
		}
		cmds = append(cmds, "tasks.task.add?"+query.Encode())
	}
	for range 200 {
		serve(b, p, "batch", batchBody(b, cmds))
	}
	now = now.Add(time.Hour)
	tasks := p.Tasks()
	for i := range 40 {
		p.Say(tasks[100*i].ID, 7, "Comment")
	}
	cmds = nil
	for _, part := range []string{"CREATED_BY", "AUDITOR"} {
		for _, date := range []string{"ACTIVITY_DATE", "CHANGED_DATE"} {
			query := url.Values{"filter[" + part + "]": {"17"}, "filter[>=" + date + "]": {now.Format(time.RFC3339)},
				"order[" + date + "]": {"desc"}, "select[]": {
					"ID",
					"XML_ID",
					"STATUS",
					"ACTIVITY_DATE",
					"CHANGED_DATE",
				},
				"start": {"-1"}}
			cmds = append(cmds, "tasks.task.list?"+query.Encode())
		}
	}
	body := batchBody(b, cmds)
	for b.Loop() {
		serve(b, p, "batch", body)
		p.ResetCounts()
	}
}
