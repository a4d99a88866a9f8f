package pass_test

import (
	"strings"
	"testing"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/pass"
)

// The label of a picture is the name of its file in the task.
func TestPictureLabel(t *testing.T) {
	t.Parallel()
	c := replyCutter(t)
	for _, tt := range []struct{ name, id, file, kind, body, want string }{
		{"Gmail", "ii_lq3x9", "scan.png", "html", `Смотрите<img src="cid:ii_lq3x9">здесь`, "Смотрите (scan.png) здесь"},
		{
			"Outlook",
			"image001.png@01DA.1",
			"kassa.png",
			"html",
			`Смотрите<img src="cid:image001.png@01DA.1">`,
			"Смотрите (kassa.png)",
		},
		{
			"a description",
			"q@x",
			"kassa.png",
			"html",
			`Смотрите<img alt="Касса вчера.png" src="cid:q@x">`,
			"Смотрите (kassa.png)",
		},
		{
			"percents and capitals",
			"a#b@x",
			"kassa.png",
			"html",
			`Смотрите<img src="CID:A%23b@x">`,
			"Смотрите (kassa.png)",
		},
		{
			"in a link",
			"q@x",
			"kassa.png",
			"html",
			`<a href="http://x.ru/a">Касса<img src="cid:q@x"></a>`,
			"[URL=http://x.ru/a]Касса (kassa.png)[/URL]",
		},
		{
			"beside a quote",
			"q@x",
			"kassa.png",
			"html",
			`Смотрите<img src="cid:q@x"><blockquote type="cite"><p>Касса</p></blockquote>`,
			"Смотрите (kassa.png)",
		},
		{"no such file", "q@x", "kassa.png", "html", `Смотрите<img src="cid:ii_other">`, "Смотрите"},
		{
			"plain text",
			"image001.png@01DA.1",
			"kassa.png",
			"plain",
			"Смотрите [cid:image001.png@01DA.1]",
			"Смотрите (kassa.png)",
		},
	} {
		mail := "From: ivan@romashka.example\nTo: support@helpdesk.example\nSubject: x\nMIME-Version: 1.0\n" +
			"Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/" + tt.kind +
			"; charset=utf-8\n\n" + tt.body +
			"\n--b\nContent-Type: image/png; name=" + tt.file + "\nContent-ID: <" + tt.id +
			">\nContent-Disposition: inline; filename=" +
			tt.file + "\n\nx\n--b--\n"
		m, err := pass.Read(strings.NewReader(strings.ReplaceAll(mail, "\n", "\r\n")), desk.Listing{},
			pass.Reading{Cutter: c})
		if err != nil || strings.TrimSpace(m.BBCode) != tt.want {
			t.Errorf("%s: %q, want %q, %v", tt.name, m.BBCode, tt.want, err)
		}
	}
}
