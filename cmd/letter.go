package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/pages"
	"helpdesk/cmd/tui"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/config"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/relay"
	"helpdesk/pkg/render"
)

func newLetter(a *app) *cobra.Command {
	c := &cobra.Command{Use: "letter", Short: "The letters customers get", Args: cobra.NoArgs}
	c.AddCommand(newLetterPreview(a))
	return c
}

func newLetterPreview(a *app) *cobra.Command {
	var out, serve string
	c := &cobra.Command{
		Use:   "preview KIND",
		Short: "Render a letter (received, off_hours, comment, closed) from the real settings with sample data",
		Example: "  helpdesk letter preview received --out letter.html\n  helpdesk letter preview comment --out " +
			"letter.eml\n" +
			"  helpdesk letter preview received --serve 127.0.0.1:8025",
		Args:      oneOf(pages.Kinds...),
		ValidArgs: pages.Kinds,
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := a.settings()
			if err != nil {
				return err
			}
			if serve != "" {
				l, err := pages.Listen(serve)
				if err != nil {
					return err
				}
				ctx, cancel := a.bounded(c.Context())
				defer cancel()
				return pages.Serve(ctx, &a.Terminal, l, pages.Previews(a.settings, args[0]))
			}
			all, err := wiring.Letters(cfg)
			if err != nil {
				return exit.Usage(err)
			}
			return preview(&a.Terminal, a.now(), cfg, all.Of("", ""), desk.LetterKind(args[0]), out)
		},
	}
	c.Flags().StringVar(&out, "out", "", "`FILE`.html or FILE.eml to write; default: the HTML on stdout")
	c.Flags().StringVar(&serve, "serve", "",
		"show the letters side by side in the browser at this loopback `ADDR`, live as the templates change")
	return c
}

func preview(t *tui.Terminal, now time.Time, cfg *config.Config, set *render.Set, kind desk.LetterKind,
	out string) error {
	r, err := pages.Sample(cfg, set, kind)
	if err != nil {
		return exit.Usage(err)
	}
	content := []byte(pages.Inlined(r))
	switch filepath.Ext(out) {
	case "":
		_, err := t.Out.Write(content)
		return err
	case ".html":
	case ".eml":
		box := wiring.Sender(cfg.Mailboxes[0])
		l := desk.Letter{MessageID: "preview@" + desk.FoldDomain(box.Domain()), From: box,
			To:      desk.Address{Addr: set.Preview(kind).Address},
			Subject: r.Subject, HTML: r.HTML, Text: r.Text, Date: now,
			Automatic: (&desk.Draft{Kind: kind}).Automatic(), Inline: r.Inline}
		if content, err = relay.Compose(l); err != nil {
			return err
		}
	default:
		return exit.Usage(fmt.Errorf("--out %s: a name ending in .html or .eml is wanted", out))
	}
	if err := os.WriteFile(out, content, 0o644); err != nil {
		return fmt.Errorf("preview: %w", err)
	}
	return nil
}
