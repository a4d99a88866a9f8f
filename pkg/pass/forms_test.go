package pass_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/pass"
)

// Rules and posts use the same of two forms, and no word of either form is lost without a note.
func TestForms(t *testing.T) {
	t.Parallel()
	c := replyCutter(t)
	for _, tt := range []struct {
		name, plain, html string
		text, code        string
		degraded          []desk.Degraded
	}{
		{
			"the same",
			"Касса не работает",
			"<p>Касса <b>не</b> работает</p>",
			"Касса не работает",
			"Касса [B]не[/B] работает",
			nil,
		},
		{"the page says more", "Касса", "<p>Касса 7731 стоит</p>", "Касса 7731 стоит", "Касса 7731 стоит", nil},
		{"the text says more", "Касса 7731 стоит", "<p>Касса</p>", "Касса 7731 стоит", "Касса 7731 стоит", nil},
		{"an empty text", " ", "<p>Касса</p>", "Касса", "Касса", nil},
		{"an empty page", "Касса", "<html><body>&nbsp;</body></html>", "Касса", "Касса", nil},
		{"a stub", "Ваша почтовая программа не поддерживает HTML", "<p>Касса</p>", "Касса", "Касса", nil},
		{
			"each says something",
			"Касса 7731 стоит",
			"<p>Принтер сломан давно</p>",
			"Касса 7731 стоит",
			"Касса 7731 стоит",
			[]desk.Degraded{desk.DegradedForms},
		},
		{
			"addresses and pictures of a page",
			"Касса <http://x.ru/a> [image: снимок.png] [cid:image001.png@01D0] <mailto:a@b.ru>",
			`<p><a href="http://x.ru/b">Касса</a> <img src="cid:q"></p>`,
			"Касса (http://x.ru/b)",
			"[URL=http://x.ru/b]Касса[/URL]",
			nil,
		},
		{
			"other order and blanks",
			"Касса-7731 стоит, адрес: Пермь",
			"<p>адрес: Пермь<td>Касса - 7731 стоит",
			"адрес: Пермь\n\nКасса - 7731 стоит",
			"адрес: Пермь\n\nКасса - 7731 стоит",
			nil,
		},
		{
			"words that no part of the page shows",
			"",
			`<div style="display:none">Касса 7731</div>`,
			"",
			"",
			[]desk.Degraded{desk.DegradedWords},
		},
		{
			"nothing but a picture",
			"",
			`<!--[if mso]><xml>1</xml><![endif]--><style>p{}</style><img src="http://x.ru/a.png">&nbsp;`,
			"",
			"",
			nil,
		},
	} {
		m, err := pass.Read(bytes.NewReader(reply{
			plain: tt.plain,
			html:  tt.html,
		}.mail("both")), desk.Listing{}, pass.Reading{Cutter: c})
		if err != nil || strings.TrimSpace(m.Text) != tt.text || strings.TrimSpace(m.BBCode) != tt.code ||
			!slices.Equal(m.Degraded, tt.degraded) {
			t.Errorf("%s: %v, text %q, code %q, degraded %v", tt.name, err, m.Text, m.BBCode, m.Degraded)
		}
	}
}
