package lang

import (
	"strings"
	"testing"
)

var signs = map[string]Signs{
	"ru": {
		Script: "Cyrillic",
		Words:  strings.Fields("и в не на я что с по у как это для здравствуйте добрый день пожалуйста уважением"),
		Latin:  strings.Fields("privet chto menya pozhaluysta"),
	},
	"en": {Script: "Latin", Words: strings.Fields("the a is to and of in we not please hello on my it you")},
	"de": {Script: "Latin", Words: strings.Fields("der die das und ist nicht ich wir bitte guten tag in auf")},
}

func TestOf(t *testing.T) {
	for text, want := range map[string]string{
		"Не работает принтер":                             "ru",
		"Добрый день! Принтер HP LaserJet 1020 не видит.": "ru",
		"The printer does not work":                       "en",
		"Guten Tag, der Drucker druckt nicht":             "de",
		"Hello, please send an invoice":                   "en",
		"":                                                "",
		"HP LaserJet 1020":                                "",
		"in":                                              "", // both languages have it
		"ok":                                              "",
		"https://the.example/is/not ivan@the.example": "",
		"Сделайте немедленно хорошо абракадабра восемь слов подряд никаких частых": "ru",
		"Счёт": "ru", // no other language here uses the script
		"Не печатает.\n\nBest regards,\nIvan Petrov\nHead of Sales, it is confidential and not for you":      "ru",
		"Сломалось\n\nThe printer is on the desk of the accountant":                                          "ru",
		"Не видит принтер HP LaserJet Pro MFP Windows Server Standard Office Professional Plus":              "ru",
		"Не открывается в Outlook: The attempted operation failed. An object is not in the store of the box": "ru",
		"Счёт Microsoft Office Professional Plus Volume License Agreement Renewal Options":                   "",
		"Dear Mr. Ivanov,\n\nПросим выставить счёт на оплату лицензий":                                       "ru",
		"Privet, u menya printer slomalsa, chto delat":                                                       "ru",
		"We need the printer (ООО Ромашка) in our office":                                                    "en",
		// two languages use the script
		"Pryntar slomalsa rabotat nevozmozhno srochno pomogat nado segodna zavtra":                   "",
		"Не печатает принтер.\n\nThis message and its attachments are confidential and it is not":    "ru",
		"We need a printer in our office. С уважением, Иван Петров, отдел снабжения завода на Урале": "en",
	} {
		d, err := New(signs)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Of(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestOfLetter(t *testing.T) {
	d, err := New(signs)
	if err != nil {
		t.Fatal(err)
	}
	const signed = "It is the signature of Ivan Petrov"
	for _, c := range []struct{ subject, text, want string }{
		{"Не работает принтер", signed, "ru"},
		{"Счёт", "", "ru"},
		{"", signed, "en"},
		{"The printer is not on my desk, please help", "Не работает", "ru"},
		{"Printer", signed, "en"},
		{"Счёт", "Здравствуйте! " + signed, "en"},
		{"Счёт", strings.Repeat(signed+"\n", 4), "en"}, // a whole letter
		{"Please help", "4712", "en"},
	} {
		if got := d.OfLetter(c.subject, c.text); got != c.want {
			t.Errorf("%q, %q: %q, want %q", c.subject, c.text, got, c.want)
		}
	}
}

func TestOnlyLanguageOfItsScript(t *testing.T) {
	d, err := New(map[string]Signs{"ru": signs["ru"], "en": signs["en"]})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Of("Guten Morgen, unser Drucker druckt leider seit gestern nichts mehr"); got != "en" {
		t.Errorf("%q", got)
	}
	if got := new(Detector).Of("anything"); got != "" {
		t.Errorf("%q", got)
	}
}

func TestBadSigns(t *testing.T) {
	for want, signs := range map[string]Signs{
		`"Kyrillic"`: {Script: "Kyrillic", Words: []string{"и"}},
		"missing":    {Script: "Latin"},
	} {
		if _, err := New(map[string]Signs{"xx": signs}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func FuzzOf(f *testing.F) {
	d, err := New(signs)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("Не работает the printer \xff")
	f.Fuzz(func(t *testing.T, text string) {
		if got := d.Of(text); got != "" && got != "ru" && got != "en" && got != "de" {
			t.Error(got)
		}
	})
}
