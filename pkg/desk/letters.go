package desk

import (
	"html"
	"unicode"
)

// Letters returns how many letters and digits a text of the portal has, without its markup: what is left of a text
// however the portal writes it, which decodes entities and puts tags around addresses.
func Letters(text string) (n int) {
	for _, r := range html.UnescapeString(tag().ReplaceAllString(text, "")) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	return n
}
