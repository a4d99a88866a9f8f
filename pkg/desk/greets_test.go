package desk

import "testing"

func TestGreets(t *testing.T) {
	r := compile(t, testPolicy(t))
	for text, want := range map[string]bool{
		"Здравствуйте, Иван Петрович! Готово.": true, "Добрый день! Готово.": true, "[B]Добрый[/B] вечер": false,
		"[B]Добрый вечер[/B], готово": true,
		"доброе утро":                 true, "Приветствую вас": true, "Hello John": true,
		"Good morning, it works": true, "\n Привет": true,
		"[QUOTE]Добрый день[/QUOTE]\nГотово": false, "Готово. Добрый день!": false, "Hinweis": false,
		"Приветственный экран исправлен": false,
	} {
		if got := r.Greets(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}
