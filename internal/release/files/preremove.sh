#!/bin/sh
# Before removal, and not before an upgrade: the timers end. dpkg says "remove", rpm says 0.
set -e

case "$1" in
remove | deconfigure | 0)
	if [ -d /run/systemd/system ]; then
		systemctl disable --now helpdesk-poll.timer helpdesk-notify.timer helpdesk-verify.timer helpdesk-backup.timer || true
	fi
	;;
esac
