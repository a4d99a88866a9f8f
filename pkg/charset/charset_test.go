package charset

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
)

func encode(t testing.TB, c *charmap.Charmap, s string) []byte {
	t.Helper()
	b, err := c.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatalf("encode %q: %v", s, err)
	}
	return b
}

// phrases are typical texts of subjects and short letters.
var phrases = strings.Split(strings.TrimSpace(`
Добрый день! Не работает принтер в бухгалтерии
Прошу выслать акт сверки за первый квартал
Ошибка при проведении документа в 1С
Счёт на оплату № 458 от 12 марта
Не могу войти в личный кабинет
СРОЧНО! НЕ РАБОТАЕТ ТЕЛЕФОНИЯ
ЗАЯВКА НА ОБСЛУЖИВАНИЕ КАССОВОГО АППАРАТА
Здравствуйте, подскажите, пожалуйста, когда приедет инженер?
Вопрос по договору поставки
Спасибо за быстрый ответ, всё заработало
Коллеги, просьба восстановить доступ к общей папке
Re: Обновление конфигурации Бухгалтерия предприятия
Жалоба на качество обслуживания
Проблема с электронной подписью после обновления Windows
Подтверждение заказа и реквизиты организации
Письмо с вложением: товарная накладная, счёт-фактура
Перестал печатать чековый принтер, горит красная лампочка
Когда будет готово? Ждём уже третий день
Ещё раз прошу перезвонить по номеру 8 800 555-35-35
Юридический отдел: согласование приложения к договору
Щётки для уборочной машины закончились, нужен новый заказ
Изменился график отгрузки, объект закрыт до понедельника
Уважаемый Иван Петрович, направляем вам коммерческое предложение
Не приходят уведомления на почту сотрудников
Тест почты
Сломался компьютер
Помогите настроить доступ
ПЕРЕНОС СРОКОВ ПОСТАВКИ ОБОРУДОВАНИЯ
`), "\n")

func TestDetect(t *testing.T) {
	for _, c := range cyrillic {
		right, of := 0, 0
		for _, p := range phrases {
			p = strings.NewReplacer("№", "N").Replace(p)
			if c == charmap.CodePage866 || c == charmap.KOI8R || c == charmap.ISO8859_5 {
				p = strings.NewReplacer("«", `"`, "»", `"`).Replace(p)
			}
			words := strings.Fields(p)
			for n := min(3, len(words)); n <= len(words); n++ { // shorter beginnings too
				part := strings.Join(words[:n], " ")
				of++
				if got, _ := UTF8(encode(t, c, part), ""); got == part {
					right++
				} else {
					t.Logf("%v: %q read as %q", c, part, got)
				}
			}
		}
		t.Logf("%v: %d of %d", c, right, of)
		if share := float64(right) / float64(of); share < 0.99 {
			t.Errorf("%v: %.1f %% told right, the floor is 99 %%", c, 100*share)
		}
	}
}

// TestDetectWords detects the charset of single words, which give little evidence.
func TestDetectWords(t *testing.T) {
	words := strings.Fields(
		`договор счет акт сверка касса отчет заявка оплата доступ почта сайт пароль ошибка возврат накладная
		сканер телефон принтер замена картридж сервер база обмен склад чек терминал бухгалтерия поставка срочно помогите вопрос
		ответ документы печать подпись сертификат настройка установка обновление лицензия интернет проверка письмо`)
	for _, c := range []*charmap.Charmap{charmap.Windows1251, charmap.KOI8R} {
		for form, change := range map[string]func(string) string{"small": strings.ToLower, "capital": strings.ToUpper,
			"first": func(s string) string {
				r := []rune(s)
				return string(unicode.ToUpper(r[0])) + string(r[1:])
			}} {
			var wrong []string
			for _, w := range words {
				if w = change(w); string(encode(t, c, w)) == w {
					continue
				}
				if got, _ := UTF8(encode(t, c, w), ""); got != w {
					wrong = append(wrong, w+" read as "+got)
				}
			}
			if len(wrong) > len(words)/20 {
				t.Errorf("%v, %s: %d of %d: %v", c, form, len(wrong), len(words), wrong)
			}
		}
	}
}

func TestToUTF8(t *testing.T) {
	const text = "Не работает принтер, помогите"
	jp, _ := japanese.ISO2022JP.NewEncoder().String("日本語")
	gb, _ := simplifiedchinese.GB18030.NewEncoder().String("打印机无法工作")
	var wide []byte
	for _, u := range utf16.Encode([]rune(text)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for _, tt := range []struct {
		name, label string
		in          []byte
		want        string
	}{
		{"windows-1251", "windows-1251", encode(t, charmap.Windows1251, text), text},
		{"alias", "CP-1251", encode(t, charmap.Windows1251, text), text},
		{"quoted label", `"koi8-r"`, encode(t, charmap.KOI8R, text), text},
		{"koi8-u", "koi8-u", encode(t, charmap.KOI8U, "Не працює принтер, її"), "Не працює принтер, її"},
		{"cp866", "ibm866", encode(t, charmap.CodePage866, text), text},
		{"iso-8859-5", "iso-8859-5", encode(t, charmap.ISO8859_5, text), text},
		{"mac", "x-mac-cyrillic", encode(t, charmap.MacintoshCyrillic, text), text},
		{"QUIRK us-ascii is cp1251", "us-ascii", encode(t, charmap.Windows1251, text), text},
		{"QUIRK us-ascii is UTF-8", "us-ascii", []byte(text), text},
		{"QUIRK iso-8859-1 is koi8-r", "iso-8859-1", encode(t, charmap.KOI8R, text), text},
		{"iso-8859-1 is right", "iso-8859-1", []byte("caf\xe9 na\xefve Gr\xfc\xdfe"), "café naïve Grüße"},
		{"unlabelled Western", "", []byte("Die Hasen und die Fr\xf6sche"), "Die Hasen und die Frösche"},
		{"QUIRK utf-8 is cp1251", "utf-8", encode(t, charmap.Windows1251, text), text},
		{
			"QUIRK cp1251 is koi8-r",
			"windows-1251",
			encode(t, charmap.KOI8R, text+" сегодня же, очень нужно"),
			text + " сегодня же, очень нужно",
		},
		{"QUIRK cp1251 is UTF-8", "windows-1251", []byte(text), text},
		{"QUIRK cp1251 is UTF-8, one word", "windows-1251", []byte("Да"), "Да"},
		{"QUIRK koi8-r is UTF-8, one sign", "koi8-r", []byte("№ 5"), "№ 5"},
		{"two capitals that could be UTF-8", "iso-8859-5", encode(t, charmap.ISO8859_5, "ТА"), "ТА"},
		{"a word that could be UTF-8", "cp866", encode(t, charmap.CodePage866, "ёлка"), "ёлка"},
		{"another word that could be UTF-8", "cp866", encode(t, charmap.CodePage866, "рак"), "рак"},
		{"unlabelled capitals, cp1251", "", encode(t, charmap.Windows1251, "СЧЕТ"), "СЧЕТ"},
		{"unlabelled capitals, koi8-r", "", encode(t, charmap.KOI8R, "ИНН 7701000000 КПП"), "ИНН 7701000000 КПП"},
		{"unknown label", "x-mystery", encode(t, charmap.Windows1251, text), text},
		{"utf-7", "utf-7", []byte("+BB8EQAQ4BDIENQRC-, 2 +- 2"), "Привет, 2 + 2"},
		{"unicode-1-1-utf-7", "unicode-1-1-utf-7", []byte("+BB8EQAQ4BDIENQRC"), "Привет"},
		{"utf-16le without mark", "utf-16", wide, text},
		{"utf-16 with mark", "", append([]byte("\xff\xfe"), wide...), text},
		{"iso-2022-jp", "iso-2022-jp", []byte(jp), "日本語"},
		{"iso-2022-jp unlabelled", "", []byte(jp), "日本語"},
		{"gb18030", "gb18030", []byte(gb), "打印机无法工作"},
		{"gb2312", "gb2312", []byte(gb), "打印机无法工作"},
		{"euc-kr", "ks_c_5601-1987", []byte("\xc7\xd1\xb1\xdb"), "한글"},
		{"UTF-8 with a broken letter", "utf-8", []byte("Принтер\xd0 не работает"), "Принтер\ufffd не работает"},
		{"short koi8-r with its label", "koi8-r", encode(t, charmap.KOI8R, "Да"), "Да"},
		{"short cp1251 with its label", "windows-1251", encode(t, charmap.Windows1251, "Да"), "Да"},
		{"unknown label, UTF-8", "foo", []byte(text), text},
		{"a language for a label, UTF-8", "ru-RU", []byte("Да"), "Да"},
		{"a database's label, UTF-8", "utf8mb4", []byte("счёт"), "счёт"},
		{"UTF-8 as gb2312", "gb2312", []byte(text), text},
		{"UTF-8 as gb2312, one word", "gb2312", []byte("счёт"), "счёт"},
		{"UTF-8 as big5", "big5", []byte("счёт"), "счёт"},
		{"UTF-8 as euc-kr", "euc-kr", []byte(text), text},
		{"UTF-8 as shift_jis", "shift_jis", []byte(text), text},
		{"UTF-8 as iso-8859-7", "iso-8859-7", []byte(text), text},
		{"UTF-8 as windows-1252", "windows-1252", []byte("Grüße"), "Grüße"},
		{"UTF-8 as macintosh", "macintosh", []byte("«Да»"), "«Да»"},
		{"cp1251 as gb2312", "gb2312", encode(t, charmap.Windows1251, text), text},
		{"cp1251 as gbk, even words", "gbk", encode(t, charmap.Windows1251, "Касса стоит"), "Касса стоит"},
		{"koi8-r as gb2312", "gb2312", encode(t, charmap.KOI8R, text), text},
		{"koi8-r as euc-kr", "euc-kr", encode(t, charmap.KOI8R, text), text},
		{"cp1251 as shift_jis", "shift_jis", encode(t, charmap.Windows1251, text), text},
		{"cp1251 as big5", "big5", encode(t, charmap.Windows1251, text), text},
		{"cp1251 as iso-8859-7", "iso-8859-7", encode(t, charmap.Windows1251, text), text},
		{"cp1251 as windows-1250", "windows-1250", encode(t, charmap.Windows1251, text), text},
		{"cp1251 as windows-1254", "windows-1254", encode(t, charmap.Windows1251, text), text},
		{"cp1251 as iso-8859-9", "iso-8859-9", encode(t, charmap.Windows1251, "Пермь, касса"), "Пермь, касса"},
		{"cp1251 as utf-16", "utf-16", encode(t, charmap.Windows1251, text), text},
		{"cp1251 as utf-16, one word", "utf-16le", encode(t, charmap.Windows1251, "касса 1"), "касса 1"},
		{"UTF-8 as utf-16", "utf-16", []byte(text), text},
		{"UTF-8 as unicode", "unicode", []byte("Да"), "Да"},
		{"one word in UTF-8 as utf-16", "utf-16", []byte("касса"), "касса"},
		{"one word in cp1251 as utf-16", "utf-16", encode(t, charmap.Windows1251, "спасибо!"), "спасибо!"},
		{"ASCII as utf-16", "utf-16", []byte("Hello 12"), "Hello 12"},
		{"UTF-8 as utf-32", "utf-32", []byte(text), text},
		{"utf-16be without mark", "utf-16be", []byte("\x04\x1f\x04\x40\x00 \x00a"), "Пр a"},
		{"utf-16le, unlabelled", "", wide, text},
		{"utf-16, Chinese", "utf-16be", []byte("\x62\x53\x53\x70\x67\x3a\x65\xe0\x6c\xd5"), "打印机无法"},
		{"utf-32le", "utf-32", []byte("\x1f\x04\x00\x00\x40\x04\x00\x00 \x00\x00\x00"), "Пр "},
		{"short Chinese", "gb2312", []byte("\xd0\xbb\xd0\xbb"), "谢谢"},
		{"Japanese", "shift_jis", []byte("\x82\xb1\x82\xf1\x82\xc9\x82\xbf\x82\xcd"), "こんにちは"},
		{"Greek", "iso-8859-7", []byte("\xca\xe1\xeb\xe7\xec\xdd\xf1\xe1"), "Καλημέρα"},
		{"Hebrew", "windows-1255", []byte("\xf9\xec\xe5\xed \xf2\xe5\xec\xed"), "שלום עולם"},
		{"umlauts in a row", "", []byte("aa\xe4\xf6\xfc\xdfad"), "aaäöüßad"},
		{"umlauts in words", "", []byte("\xc4u\xdferung gr\xf6\xdfer f\xfcr"), "Äußerung größer für"},
		{
			"a Latin letter in a Russian word",
			"",
			encode(t, charmap.Windows1251, "Cломался пpинтер"),
			"Cломался пpинтер",
		},
		{
			"ending behind Latin letters",
			"",
			encode(t, charmap.Windows1251, "Ошибка SMSками, VPNом"),
			"Ошибка SMSками, VPNом",
		},
		{"UTF-8 with a broken letter, unlabelled", "", []byte("Принтер\xd0 не работает"), "Принтер\ufffd не работает"},
		{
			"UTF-8 with a broken letter, as cp1251",
			"windows-1251",
			[]byte("Принтер\xd0 не работает"),
			"Принтер\ufffd не работает",
		},
		{
			"koi8-r and a footer in UTF-8",
			"koi8-r",
			append(encode(t, charmap.KOI8R, text+"\n-- \n"), "Список рассылки\n"...),
			text + "\n-- \nСписок рассылки\n",
		},
		{
			"UTF-8 and a footer in cp1251",
			"utf-8",
			append([]byte(text+"\n\n"), encode(t, charmap.Windows1251, "Список рассылки")...),
			text + "\n\nСписок рассылки",
		},
		{"number sign", "windows-1251", encode(t, charmap.Windows1251, "№ 5"), "№ 5"},
	} {
		if got, _ := UTF8(tt.in, tt.label); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// The search for broken characters ends as soon as the rest can't change the result.
func TestMostlyIsTheSameToTheEnd(t *testing.T) {
	whole := func(t teller, b []byte) bool {
		good, bad := 0, 0
		for len(b) > 0 {
			r, n := utf8.DecodeRune(b)
			if r == utf8.RuneError && n == 1 {
				if bad++; bad == 1 && good >= 10 {
					return true
				}
			} else if r >= 0x80 {
				good++
			}
			b = b[n:]
		}
		return good > 4*bad && (t.label == "utf-8" || good >= 4)
	}
	pieces := []string{"Ж", "жук", "\xd0", "\xd1\xff", "a", "word ", "\u20ac", "\xe2\x82", "№"}
	r := rand.New(rand.NewPCG(1, 1))
	mostly := 0
	for range 50_000 {
		var b []byte
		for range r.IntN(30) {
			b = append(b, pieces[r.IntN(2+r.IntN(len(pieces)-1))]...)
		}
		for _, label := range []string{"", "utf-8"} {
			got, want := newTeller(label).mostly(b), whole(teller{label: label}, b)
			if got != want {
				t.Fatalf("%q as %q: %v, want %v", b, label, got, want)
			}
			if got {
				mostly++
			}
		}
	}
	if mostly < 1000 {
		t.Errorf("only %d texts are mostly UTF-8", mostly)
	}
}
