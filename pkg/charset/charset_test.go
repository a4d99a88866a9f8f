package charset

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

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

// phrases are the kind of text that stands in subjects and short letters.
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
			for n := min(3, len(words)); n <= len(words); n++ { // also shorter beginnings
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

// TestDetectWords has single words told that few letters, or only capitals, say much of.
func TestDetectWords(t *testing.T) {
	words := strings.Fields(`договор счет акт сверка касса отчет заявка оплата доступ почта сайт пароль ошибка возврат накладная
		сканер телефон принтер замена картридж сервер база обмен склад чек терминал бухгалтерия поставка срочно помогите вопрос
		ответ документы печать подпись сертификат настройка установка обновление лицензия интернет проверка письмо`)
	for _, c := range []*charmap.Charmap{charmap.Windows1251, charmap.KOI8R} {
		for form, change := range map[string]func(string) string{"small": strings.ToLower, "capital": strings.ToUpper, "first": func(s string) string {
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
		{"QUIRK cp1251 is koi8-r", "windows-1251", encode(t, charmap.KOI8R, text+" сегодня же, очень нужно"), text + " сегодня же, очень нужно"},
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
		{"UTF-8 with a spoilt letter", "utf-8", []byte("Принтер\xd0 не работает"), "Принтер\ufffd не работает"},
		{"short koi8-r with its label", "koi8-r", encode(t, charmap.KOI8R, "Да"), "Да"},
		{"short cp1251 with its label", "windows-1251", encode(t, charmap.Windows1251, "Да"), "Да"},
		{"number sign", "windows-1251", encode(t, charmap.Windows1251, "№ 5"), "№ 5"},
	} {
		if got, _ := UTF8(tt.in, tt.label); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
