package eml

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"golang.org/x/text/encoding/charmap"

	"helpdesk/pkg/desk"
)

// tnefAttr encodes one attribute of a TNEF stream.
func tnefAttr(level byte, id uint32, data []byte) []byte {
	b := append([]byte{level}, binary.LittleEndian.AppendUint32(nil, id)...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	sum := uint16(0)
	for _, c := range data {
		sum += uint16(c)
	}
	return binary.LittleEndian.AppendUint16(append(b, data...), sum)
}

func tnefStream(attrs ...[]byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, tnefSignature)
	b = append(b, 1, 0)
	for _, a := range attrs {
		b = append(b, a...)
	}
	return b
}

// longName encodes the MAPI properties with a long file name.
func longName(name string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	b = append(b, 0x03, 0x00, 0x05, 0x37, 1, 0, 0, 0) // PR_ATTACH_METHOD
	b = append(b, 0x1f, 0x00, 0x07, 0x37, 1, 0, 0, 0)
	var w []byte
	for _, u := range append(utf16.Encode([]rune(name)), 0) {
		w = binary.LittleEndian.AppendUint16(w, u)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(w)))
	b = append(b, w...)
	return append(b, make([]byte, -len(w)&3)...)
}

func winmail(content []byte) string {
	return head1 + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nPLAIN\r\n--b\r\nContent-Type: " +
		"application/ms-tnef; name=winmail.dat\r\n" +
		"Content-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(content) +
		"\r\n--b\r\nContent-Type: application/pdf\r\n\r\nABC\r\n--b--\r\n"
}

func TestTNEF(t *testing.T) {
	cp1251 := encode(t, charmap.Windows1251, "Договор.doc\x00")
	stream := tnefStream(
		tnefAttr(1, attOemCode, []byte{0xe3, 4, 0, 0, 0, 0, 0, 0}), // 1251
		tnefAttr(1, 0x0006800c, []byte("ignored")),
		tnefAttr(2, attRendData, make([]byte, 14)), tnefAttr(2, attTitle, cp1251), tnefAttr(2, attData, []byte("DOC")),
		tnefAttr(2, attRendData, make([]byte, 14)), tnefAttr(2, attTitle, []byte("SHORT~1.XLS\x00")),
		tnefAttr(2, attData, []byte("XLS!")),
		tnefAttr(2, attAttachment, longName("Длинное имя таблицы.xls")),
	)
	raw := winmail(stream)
	m := parse(t, raw)
	want := shape{
		Plain: "PLAIN",
		Files: []string{"Договор.doc application/octet-stream 3", "Длинное имя таблицы.xls application/octet-stream 4",
			"part-5.pdf application/pdf 3"},
	}
	if diff := cmp.Diff(want, shapeOf(m)); diff != "" {
		t.Fatal(diff)
	}
	for i, content := range []string{"DOC", "XLS!", "ABC"} {
		if got := extract(t, raw, m.Attachments[i].Part); got != content {
			t.Errorf("%s: extracted %q", m.Attachments[i].Name, got)
		}
	}
}

// prop encodes one MAPI property of a message.
func prop(typ, id uint16, value []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 1)
	b = binary.LittleEndian.AppendUint16(b, typ)
	b = binary.LittleEndian.AppendUint16(b, id)
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(value)))
	return append(b, append(value, make([]byte, -len(value)&3)...)...)
}

// TestTNEFText checks that the text of a winmail.dat is used if the letter lacks it.
func TestTNEFText(t *testing.T) {
	packed := append(make([]byte, 8), "LZFu\x00\x00\x00\x00"...)
	for rtf := []byte(`{\rtf1\ansi\ansicpg1251 \'ca\'e0\'f1\'f1\'e0 7731}`); len(rtf) > 0; rtf = rtf[min(8,
		len(rtf)):] {
		packed = append(append(packed, 0), rtf[:min(8, len(rtf))]...)
	}
	for name, attr := range map[string][]byte{
		"body":            tnefAttr(1, attBody, append(encode(t, charmap.Windows1251, "Касса 7731"), 0)),
		"property":        tnefAttr(1, attMsgProps, prop(0x1f, propBody, wideOf("Касса 7731"))),
		"page":            tnefAttr(1, attMsgProps, prop(0x102, propHTML, []byte("<p>Касса 7731</p>"))),
		"RTF, compressed": tnefAttr(1, attMsgProps, prop(0x102, propRTF, packed)),
	} {
		stream := tnefStream(tnefAttr(1, attOemCode, []byte{0xe3, 4, 0, 0}), attr, tnefAttr(2, attRendData, nil),
			tnefAttr(2, attTitle, []byte("a.doc\x00")), tnefAttr(2, attData, []byte("DOC")))
		m := parse(t, strings.Replace(winmail(stream), "PLAIN", "", 1))
		if text := m.Plain + m.HTML; !strings.Contains(text, "Касса 7731") || len(m.Attachments) != 2 ||
			m.Attachments[0].Name != "a.doc" {
			t.Errorf("%s: %+v", name, shapeOf(m))
		}
		if m := parse(t, strings.Replace(winmail(stream), "PLAIN", "Это касса 7731!",
			1)); m.Plain != "Это касса 7731!" || m.HTML != "" {
			t.Errorf("%s, beside a text that says it: %+v", name, shapeOf(m))
		}
		if m := parse(t, winmail(stream)); !strings.HasPrefix(m.Plain, "PLAIN") ||
			!strings.Contains(m.Plain+m.HTML, "Касса 7731") {
			t.Errorf("%s, beside another text: %+v", name, shapeOf(m))
		}
	}
	copied := []byte("\x00\x00\x00\x00\x00\x00\x00\x00LZFu\x00\x00\x00\x00\x06a\x0c\xf2\x0d\x40")
	if got := string(unpackRTF(copied)); got != "aaaaa" || len(rtfBegin) != 207 {
		t.Errorf("unpacked %q", got)
	}
}

func wideOf(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func TestBrokenTNEF(t *testing.T) {
	whole := tnefStream(tnefAttr(2, attRendData, make([]byte, 14)), tnefAttr(2, attTitle, []byte("a.doc\x00")),
		tnefAttr(2, attData, []byte("DOC")))
	huge := tnefStream(tnefAttr(2, attRendData, nil), []byte{2, 0x0f, 0x80, 6, 0, 0xff, 0xff, 0xff, 0xff})
	for name, stream := range map[string][]byte{
		"cut":          whole[:len(whole)-4],
		"no TNEF":      []byte("hello, this is no TNEF"),
		"lying length": huge,
		"empty":        nil,
	} {
		raw := winmail(stream)
		m := parse(t, raw)
		if len(m.Attachments) != 2 || m.Attachments[0].Name != "winmail.dat" ||
			m.Attachments[0].Size != int64(len(stream)) || !cmp.Equal(m.Degraded, []desk.Degraded{desk.DegradedTNEF}) {
			t.Errorf("%s: %+v %v", name, m.Attachments, m.Degraded)
			continue
		}
		if got := extract(t, raw, m.Attachments[0].Part); got != string(stream) {
			t.Errorf("%s: extracted %d bytes", name, len(got))
		}
		if got := extract(t, raw, m.Attachments[1].Part); got != "ABC" {
			t.Errorf("%s: what follows is %q", name, got)
		}
	}
}

// der encodes one value with definite length.
func der(tag byte, content ...[]byte) []byte {
	var c []byte
	for _, b := range content {
		c = append(c, b...)
	}
	if len(c) < 128 {
		return append([]byte{tag, byte(len(c))}, c...)
	}
	return append([]byte{tag, 0x82, byte(len(c) >> 8), byte(len(c))}, c...)
}

// ber encodes one value with indefinite length.
func ber(tag byte, content ...[]byte) []byte {
	b := []byte{tag, 0x80}
	for _, c := range content {
		b = append(b, c...)
	}
	return append(b, 0, 0)
}

func signed(content []byte, indefinite bool) []byte {
	w, octets := der, der(4, content)
	if indefinite {
		w, octets = ber, ber(0x24, der(4, content[:5]), der(4, content[5:]))
	}
	encap := w(0x30, der(6, []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01")), w(0xa0, octets))
	return w(0x30, der(6, []byte(oidSigned)), w(0xa0, w(0x30, der(2, []byte{1}), der(0x31), encap, der(0x31))))
}

func p7m(b []byte) string {
	return head1 + "Content-Type: application/pkcs7-mime; smime-type=signed-data; " +
		"name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(b)
}

func TestOpaqueSigned(t *testing.T) {
	inner := crlf("Content-Type: multipart/mixed; boundary=q\n\n--q\nContent-Type: text/plain; " +
		"charset=koi8-r\n\n\xf0\xd2\xc9\xd7\xc5\xd4\n--q\nContent-Type: application/pdf; name=a.pdf\n\nABC\n--q--\n")
	for _, indefinite := range []bool{false, true} {
		raw := p7m(signed([]byte(inner), indefinite))
		m := parse(t, raw)
		if diff := cmp.Diff(shape{
			Plain: "Привет",
			Files: []string{"a.pdf application/pdf 3"},
		}, shapeOf(m)); diff != "" {
			t.Errorf("indefinite %v: %s", indefinite, diff)
			continue
		}
		if got := extract(t, raw, m.Attachments[0].Part); got != "ABC" {
			t.Errorf("extracted %q", got)
		}
	}
	for name, b := range map[string][]byte{
		"junk":            []byte("junk"),
		"not mail inside": signed([]byte("%PDF-1.4 xxx"), false),
		"cut":             signed([]byte(inner), true)[:60],
	} {
		if m := parse(t, p7m(b)); len(m.Attachments) != 1 || m.Attachments[0].Name != "smime.p7m" ||
			!cmp.Equal(m.Degraded, []desk.Degraded{desk.DegradedSMIME}) {
			t.Errorf("%s: %+v %v", name, m.Attachments, m.Degraded)
		}
	}
	enveloped := der(0x30, der(6, []byte(oidEnveloped)), der(0xa0, der(0x30, der(2, []byte{0}))))
	if m := parse(t, p7m(enveloped)); !cmp.Equal(m.Degraded, []desk.Degraded{desk.DegradedEncrypted}) {
		t.Errorf("enveloped: %v", m.Degraded)
	}
}

func TestReports(t *testing.T) {
	const own = "hd.0123456789abcdef0123456789abcdef.0123456789abcdef@example.ru"
	const postfix = "From: MAILER-DAEMON@mx.example.ru\nContent-Type: multipart/report; report-type=delivery-status; " +
		"boundary=b\n\n--b\n\nI'm sorry\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; " +
		"mx.example.ru\nX-Postfix-Queue-ID: 123\n\nFinal-Recipient: rfc822; ivan@example.com\nOriginal-Recipient: " +
		"rfc822;alias@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such\n    " +
		"user\n\nFinal-Recipient: rfc822; petr@example.com\nAction: delayed\nStatus: 4.4.1\n--b\nContent-Type: " +
		"text/rfc822-headers\n\nMessage-ID: <" + own + ">\nSubject: x\n--b--\n"
	for _, tt := range []struct {
		name, raw string
		want      *desk.Report
	}{
		{"dsn", postfix, &desk.Report{Kind: "dsn", OriginalID: []string{own}, Failed: []desk.Recipients{
			{
				Address:    "ivan@example.com",
				Action:     "failed",
				Status:     "5.1.1",
				Diagnostic: "550 5.1.1 no such user",
			}, {Address: "petr@example.com", Action: "delayed", Status: "4.4.1"}}}},
		{"dsn with the message, mixed",
			"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: " +
				"message/delivery-status\n\nFinal-Recipient: rfc822; a@b.ru\nAction: failed\nStatus: 5.0.0 " +
				"(x)\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <x@y>\n\ntext\n--b--\n",
			&desk.Report{
				Kind:       "dsn",
				OriginalID: []string{"x@y"},
				Failed:     []desk.Recipients{{Address: "a@b.ru", Action: "failed", Status: "5.0.0"}},
			}},
		{"mdn", "Content-Type: multipart/report; report-type=disposition-notification; " +
			"boundary=b\n\n--b\n\nread\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: " +
			"rfc822; a@b.ru\nOriginal-Message-ID: <x@y>\nDisposition: manual-action/MDN-sent-manually; " +
			"displayed\n--b--\n",
			&desk.Report{Kind: "mdn", OriginalID: []string{"x@y"}}},
		{"QUIRK Exim and Google: X-Failed-Recipients and the id in the text",
			"X-Failed-Recipients: a@b.ru,\n c@d.ru\n\nThis message could not be delivered\nMessage-ID: <" + own + ">\n",
			&desk.Report{
				Kind:       "dsn",
				OriginalID: []string{own},
				Failed: []desk.Recipients{{
					Address: "a@b.ru",
					Action:  "failed",
				}, {Address: "c@d.ru", Action: "failed"}},
			}},
		{
			"a forwarded message is no report",
			"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee\n--b\nContent-Type: " +
				"message/rfc822\n\nMessage-ID: <x@y>\n\ntext\n--b--\n",
			nil,
		},
		{
			"a complaint is neither",
			"Content-Type: multipart/report; report-type=feedback-report; " +
				"boundary=b\n\n--b\n\nsee\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <x@y>\n\ntext\n--b--\n",
			nil,
		},
	} {
		if diff := cmp.Diff(tt.want, parse(t, crlf(tt.raw)).Report); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}
