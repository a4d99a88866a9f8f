package desk_test

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// Short texts in windows-1251 and koi8-r are decoded whatever their label says, and texts in other scripts by their
// label.
func TestShortTexts(t *testing.T) {
	r := newReader(t)
	encs := map[string]encoding.Encoding{"windows-1251": charmap.Windows1251, "koi8-r": charmap.KOI8R}
	for _, s := range []string{"Здравствуйте", "Не работает", "Спасибо", "Касса", "Ошибка 500 Internal Server Error",
		"Добрый день! Нужен счёт на оплату.", "СРОЧНО", "заказ 15 от 12.03",
		"Прошу перезвонить Ивану Петровичу по номеру 8-900", "Привет", "Счёт №5", "Всё в порядке"} {
		for bn, be := range encs {
			if bn == "koi8-r" && strings.Contains(s, "№") {
				continue
			}
			body := coded(t, be, s)
			for _, label := range []string{"", "windows-1251", "koi8-r", "ibm866", "iso-8859-5", "gb2312", "euc-kr",
				"big5", "shift_jis", "iso-8859-1", "us-ascii", "utf-8", "utf-16", "x-user-defined"} {
				o := r.judge(fromIvan + "Subject: x\nContent-Type: text/plain; charset=\"" + label + "\"\n\n" + body +
					"\n")
				if !o.shows(s) {
					t.Errorf("%s under %q: %q shows %q", bn, label, s, o.FullText)
				}
			}
		}
	}
	for label, c := range map[string]struct {
		e encoding.Encoding
		s []string
	}{
		"gb2312":       {simplifiedchinese.GBK, []string{"您好", "打印机坏了", "请问发票什么时候开具", "订单号 15", "谢谢!"}},
		"big5":         {traditionalchinese.Big5, []string{"您好", "印表機壞了", "請問發票", "謝謝!"}},
		"euc-kr":       {korean.EUCKR, []string{"안녕하세요", "프린터가 고장났습니다", "감사합니다", "영수증"}},
		"shift_jis":    {japanese.ShiftJIS, []string{"こんにちは", "プリンターが壊れました", "ありがとうございます", "請求書"}},
		"euc-jp":       {japanese.EUCJP, []string{"こんにちは", "プリンターが壊れました", "請求書"}},
		"iso-8859-7":   {charmap.ISO8859_7, []string{"Καλημέρα σας", "ο εκτυπωτής δεν λειτουργεί", "τιμολόγιο"}},
		"windows-1253": {charmap.Windows1253, []string{"Καλημέρα σας", "ευχαριστώ πολύ"}},
		"windows-1255": {charmap.Windows1255, []string{"שלום", "המדפסת לא עובדת"}},
		"windows-1256": {charmap.Windows1256, []string{"مرحبا", "الطابعة لا تعمل"}},
		"windows-1254": {charmap.Windows1254, []string{"Merhaba, yazıcı çalışmıyor", "şikâyet", "Teşekkürler"}},
		"windows-1250": {
			charmap.Windows1250,
			[]string{"Dobrý den, tiskárna nefunguje", "Zażółć gęślą jaźń", "köszönöm", "děkuji"},
		},
		"iso-8859-2": {
			charmap.ISO8859_2,
			[]string{"Dzień dobry, drukarka nie działa", "źdźbło", "příliš žluťoučký kůň"},
		},
		"iso-8859-1":   {charmap.ISO8859_1, []string{"Grüße", "où êtes-vous", "ñandú", "Ça"}},
		"iso-8859-9":   {charmap.ISO8859_9, []string{"Günaydın", "İyi günler"}},
		"windows-1257": {charmap.Windows1257, []string{"Labrīt, printeris nedarbojas", "ačiū"}},
		"koi8-u":       {charmap.KOI8U, []string{"Добрий день, не працює принтер", "їжак"}},
		"windows-1258": {charmap.Windows1258, []string{"Xin chào"}},
		"tis-620":      {charmap.Windows874, []string{"สวัสดี", "เครื่องพิมพ์เสีย"}},
	} {
		for _, s := range c.s {
			o := r.judge(fromIvan + "Subject: x\nContent-Type: text/plain; charset=" + label + "\n\n" +
				coded(t, c.e, s) + "\n")
			if !o.shows(s) {
				t.Errorf("own label %s: %q shows %q", label, s, o.FullText)
			}
			o = r.judge(fromIvan + "Subject: =?" + label + "?Q?" + qp(coded(t, c.e, s)) + "?=\n" + utf8text + "x\n")
			if o.Subject != s {
				t.Errorf("own label %s, subject: %q is %q", label, s, o.Subject)
			}
		}
	}
}

func qp(s string) (out string) {
	const hex = "0123456789ABCDEF"
	for _, c := range []byte(s) {
		out += "=" + string(hex[c>>4]) + string(hex[c&15])
	}
	return out
}
