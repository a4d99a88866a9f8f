#!/bin/sh
# After removal. State and configuration stay until dpkg is asked to purge; rpm has no such request, there they are removed
# by hand. The user stays: files elsewhere may be theirs.
set -e

if [ "$1" = purge ]; then
	rm -rf /var/lib/helpdesk /etc/helpdesk
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
