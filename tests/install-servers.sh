#!/bin/sh
# Brings what the tests need from Debian. As root it installs; otherwise it says in one sentence what to install.
set -eu
missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
[ -x /usr/sbin/clamd ] || missing="$missing clamav-daemon"
command -v mutt >/dev/null 2>&1 || missing="$missing mutt"
tesseract --list-langs 2>/dev/null | grep -qx swe || missing="$missing tesseract-ocr tesseract-ocr-swe"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "The tests need these packages of Debian:$missing. Install them: sudo apt-get install$missing" >&2
    exit 1
fi
echo "Installing$missing …"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086  # a list of packages
apt-get install -y -qq --no-install-recommends $missing >/dev/null
