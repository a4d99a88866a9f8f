package eml

import "testing"

func TestDecodeWords(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "Hello", "Hello"},
		{"two words", "=?koi8-r?B?8NLJ18XU?= =?koi8-r?B?LCDNydI=?=", "Привет, мир"},
		{"QUIRK letter split between words", "=?utf-8?B?0J/RgNC40LI=?= =?utf-8?B?0LXR?= =?utf-8?B?gg==?=", "Привет"},
		{"QUIRK split in Q", "=?UTF-8?Q?=D0=9F=D1?= =?utf-8?Q?=80=D0=B8?=", "При"},
		{"two charsets", "=?koi8-r?B?8NLJ18XU?= =?windows-1251?B?7Ojw?=", "Приветмир"},
		{"text between", "=?koi8-r?B?8NLJ18XU?= and =?koi8-r?B?8NLJ18XU?=", "Привет and Привет"},
		{"no blanks between", "Re:=?koi8-r?B?8NLJ18XU?=[1]", "Re:Привет[1]"},
		{"language", "=?utf-8*ru?Q?=D0=9F?=", "П"},
		{"QUIRK blanks in Q", "=?utf-8?Q?Hello big world?=", "Hello big world"},
		{"QUIRK raw 8-bit inside", "=?utf-8?Q?\xd0\x9f=D1=80?=", "Пр"},
		{
			"QUIRK raw cp1251 inside, labelled ascii",
			"=?us-ascii?Q?\xcf\xf0\xe8\xe2\xe5\xf2 \xec\xe8\xf0?=",
			"Привет мир",
		},
		{"QUIRK base64 without padding", "=?koi8-r?B?8NLJ18XULCDNydI?=", "Привет, мир"},
		{"QUIRK question mark inside", "=?utf-8?Q?Where?_Here?=", "Where? Here"},
		{"unknown charset", "=?x-foo?Q?=CF=F0=E8=E2=E5=F2?=", "Привет"},
		{
			"QUIRK base64 goes on in the next word",
			"=?utf-8?B?0JrQsNGB0YHQs?= =?utf-8?B?CDRgdGC0L7QuNGC?=",
			"Касса стоит",
		},
		{"QUIRK base64 goes on, three words of two letters", "=?utf-8?B?0J?= =?utf-8?B?rQ?= =?utf-8?B?sA==?=", "Ка"},
		{"QUIRK words without padding", "=?utf-8?B?0J/RgNA?= =?utf-8?B?uNCy0LXRgg?=", "Привет"},
		{"QUIRK koi8-r words without padding", "=?koi8-r?B?8NLJ18XULA?= =?koi8-r?B?IM3J0g?=", "Привет, мир"},
		{"QUIRK an escape goes on in the next word", "=?utf-8?Q?=D0=9F=D?= =?utf-8?Q?1=80?=", "Пр"},
		{"QUIRK padded words are decoded singly", "=?utf-8?B?0J/RgA==?= =?utf-8?B?0LjQstC10YI=?=", "Привет"},
		{"QUIRK a letter split between codings", "=?utf-8?Q?=D0?= =?utf-8?B?n9GA?=", "Пр"},
		{"QUIRK the last word is cut off", "Re: =?utf-8?B?0J/RgNC40LLQtdGC", "Re: Привет"},
		{"QUIRK the last word is cut off in Q", "=?koi8-r?Q?=F0=D2?= =?koi8-r?Q?=C9=D7?", "Прив"},
		{"no charset", "=??B?0J/RgNC40LLQtdGC?=", "Привет"},
		{"broken", "=?utf-8?B?", "=?utf-8?B?"},
		{"not one", "a =? b ?= c", "a =? b ?= c"},
	} {
		if got := decodeWords(tt.in); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
