package cmd

import (
	"context"
	"log/slog"

	"helpdesk/pkg/version"

	"helpdesk/cmd/status"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/config"
	"helpdesk/pkg/portal"
	"helpdesk/pkg/render"
)

// alarm tells the responsible of new tasks, once, that passes of a kind have failed as often as the settings say, and
// once that they work again. It returns whether the failing is told of by now; what could not be told is told by a
// later pass.
func (a *app) alarm(ctx context.Context, cfg *config.Config, c *portal.Client, log *slog.Logger, kind string, p status.Pass) bool {
	failing := p.Failed >= cfg.Monitor.FailedPasses
	if failing == p.Alarmed || p.Failed > 0 && !failing {
		return p.Alarmed
	}
	set, err := wiring.Letters(cfg)
	if err != nil {
		log.Warn("alarm", "err", err)
		return p.Alarmed
	}
	about := render.Alarm{Kind: kind, Failed: p.Failed, Error: p.Error, Version: version.Get().Version}
	text := set.Recovered(about)
	if failing {
		text = set.Failing(about)
	}
	if err := c.Tell(ctx, cfg.Bitrix24.Task.Responsible, text); err != nil {
		log.Warn("alarm", "err", err)
		return p.Alarmed
	}
	return failing
}
