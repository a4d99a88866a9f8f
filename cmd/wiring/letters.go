package wiring

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/config"
	"helpdesk/pkg/lang"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/render"
	"helpdesk/templates"
)

// Texts are the texts of letters and for the portal, of all mailboxes and in all their languages.
type Texts struct {
	boxes map[string]boxTexts // by name of the mailbox; "" = without a mailbox
}

// boxTexts are the texts of one mailbox.
type boxTexts struct {
	house string // the language of its specialists
	sets  map[string]*render.Set
}

// Of returns the texts of a mailbox in a language. If locale is "" or not one of the mailbox's languages, it returns
// the texts in the language of the specialists.
func (t *Texts) Of(mailbox, locale string) *render.Set {
	box, ok := t.boxes[mailbox]
	if !ok {
		box = t.boxes[""]
	}
	if set := box.sets[locale]; set != nil {
		return set
	}
	return box.sets[box.house]
}

// Letters reads and tries all templates, so that a mistake appears before a letter needs them.
func Letters(cfg *config.Config) (*Texts, error) {
	t := &Texts{boxes: map[string]boxTexts{}}
	made := map[config.Letters]boxTexts{} // most mailboxes share their settings
	var errs []error
	add := func(name string, l config.Letters) {
		box, known := made[l]
		if !known {
			var err error
			box, err = boxLetters(cfg, l)
			made[l], errs = box, append(errs, err)
		}
		t.boxes[name] = box
	}
	for _, m := range cfg.Mailboxes {
		add(m.Name, m.Letters)
	}
	if len(cfg.Mailboxes) == 0 {
		add("", cfg.Letters)
	} else {
		t.boxes[""] = t.boxes[cfg.Mailboxes[0].Name]
	}
	return t, errors.Join(errs...)
}

// boxLetters reads the templates of a mailbox in all its languages in parallel.
func boxLetters(cfg *config.Config, l config.Letters) (boxTexts, error) {
	locales := []string{l.House()}
	if l.Locale == config.Auto {
		locales = cfg.Locales()
	}
	sets, errs := make([]*render.Set, len(locales)), make([]error, len(locales))
	var making sync.WaitGroup
	for i, locale := range locales {
		making.Go(func() { sets[i], errs[i] = letterSet(cfg, l, locale) })
	}
	making.Wait()
	box := boxTexts{house: l.House(), sets: map[string]*render.Set{}}
	for i, locale := range locales {
		box.sets[locale] = sets[i]
	}
	return box, errors.Join(errs...)
}

func letterSet(cfg *config.Config, l config.Letters, locale string) (*render.Set, error) {
	files, err := overlay(cfg.Templates)
	if err != nil {
		return nil, err
	}
	s := render.Settings{Locale: locale, Signature: l.Signature, Position: l.Position, PortalLinks: l.PortalLink,
		QuoteLimit: l.Quote,
		Answering: render.Answering{
			Send:     cfg.Notify.Send,
			Internal: cfg.Notify.InternalPrefix,
			Public:   cfg.Notify.PublicPrefix,
			Mention:  cfg.Notify.MentionInside,
		},
		Escape: markup.Escape, Text: markup.Text, Tried: files == templates.FS,
		Sample:   func(code string) (string, string) { return markup.HTML(code), markup.Plain(code) },
		Received: render.LetterText{Subject: l.Received.Subject, Body: l.Received.Body},
		OffHours: render.LetterText{Subject: l.Received.OffHours.Subject, Body: l.Received.OffHours.Body},
		Comment:  render.LetterText{Subject: l.Comment.Subject, Body: l.Comment.Body},
		Closed:   render.LetterText{Subject: l.Closed.Subject, Body: l.Closed.Body}}
	if l.Logo != "" {
		if s.Logo, err = os.ReadFile(l.Logo); err != nil {
			return nil, fmt.Errorf("letters.logo: %w", err)
		}
	}
	plain := s
	plain.Escape, plain.Text, plain.Sample = nil, nil, nil
	return sets.of(files, fmt.Sprintf("%#v", plain), func() (*render.Set, error) { return render.New(files, s) })
}

// languages compiles the rules that recognise languages; it returns nil if no mailbox needs them.
func languages(cfg *config.Config) (*lang.Detector, error) {
	asked := cfg.Letters.Locale == config.Auto
	for _, m := range cfg.Mailboxes {
		asked = asked || m.Letters.Locale == config.Auto
	}
	if !asked {
		return nil, nil
	}
	files, err := overlay(cfg.Templates)
	if err != nil {
		return nil, err
	}
	signs := map[string]lang.Signs{}
	for _, locale := range cfg.Locales() {
		var one lang.Signs
		if err := Data(files, locale+"/language.yaml", &one); err != nil {
			return nil, exit.Usage(err)
		}
		signs[locale] = one
	}
	d, err := lang.New(signs)
	if err != nil {
		return nil, exit.Usage(fmt.Errorf("language.yaml of %w", err))
	}
	return d, nil
}
