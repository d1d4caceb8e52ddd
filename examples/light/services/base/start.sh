#!/bin/sh
# Starts a service: a web server on port 8080, or what /etc/light/run says.
# MODE lets a deploy or a test choose how it goes wrong; empty means the mode that the image was built with.
set -eu
mode=${MODE:-$(cat /etc/light/mode)}
service=$(cat /etc/light/service)
environment=${ENVIRONMENT:-none}
release=$(cat /etc/light/release 2>/dev/null || echo unknown)
echo "$service is starting: mode $mode, environment $environment"

case $mode in
  ready) ;;
  slow)
    echo "$service takes ${SLOW_SECONDS:-3} seconds to start"
    sleep "${SLOW_SECONDS:-3}"
    ;;
  never-ready)
    echo "$service waits for something that never comes" >&2
    exec sleep 86400
    ;;
  unhealthy)
    echo "$service answers, but not as its health check expects" >&2
    rm -f /srv/healthz
    ;;
  exit)
    echo "$service cannot start: setting LIGHT_SECRET is missing" >&2
    exit 3
    ;;
  crash-loop)
    sleep "${CRASH_SECONDS:-0.2}"
    echo "$service crashed: invariant broken" >&2
    exit 4
    ;;
  *)
    echo "$service does not know the mode $mode" >&2
    exit 64
    ;;
esac

if [ -x /etc/light/run ]; then exec /etc/light/run; fi
# The page states who answers, so that a test can tell the environments and the releases apart.
mkdir -p /tmp/page
sed -e "s/@ENVIRONMENT@/$environment/g" -e "s/@RELEASE@/$release/g" /srv/index.html >/tmp/page/index.html
cp -r /srv/cgi-bin /tmp/page/
[ ! -e /srv/healthz ] || cp /srv/healthz /tmp/page/healthz
echo "$service is ready"
exec httpd -f -p 8080 -h /tmp/page
