#!/bin/sh
# After unpacking: the user, the folders, and the units made known. Nothing is started: the timers are enabled by who has
# written the configuration.
set -e

if command -v systemd-sysusers >/dev/null 2>&1; then
	systemd-sysusers helpdesk.conf || true
fi
if ! getent passwd helpdesk >/dev/null; then
	useradd --system --user-group --home-dir /var/lib/helpdesk --no-create-home --shell /usr/sbin/nologin helpdesk
fi
install -d -o helpdesk -g helpdesk -m 0700 /var/lib/helpdesk
install -d -o root -g helpdesk -m 0750 /etc/helpdesk
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
