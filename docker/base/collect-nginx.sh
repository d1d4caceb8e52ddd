#!/bin/sh
# Copies nginx, the libraries it needs and a busybox shell into $1: a root file system of a few MB
# that offers what the example uses of the public nginx image (paths, user 101, log links).
set -eu
out=$1
mkdir -p "$out/bin" "$out/etc" "$out/tmp" "$out/run" "$out/usr/sbin" "$out/usr/bin" "$out/usr/share/nginx/html" "$out/var/cache/nginx" \
  "$out/var/log/nginx" "$out/var/lib/nginx" "$out/docker-entrypoint.d" "$out/etc/nginx/conf.d"
chmod 1777 "$out/tmp"
ln -s ../run "$out/var/run"

cp /bin/busybox "$out/bin/busybox"
/bin/busybox --list | while read -r applet; do [ "$applet" = busybox ] || ln -s busybox "$out/bin/$applet"; done

cp /usr/sbin/nginx "$out/usr/sbin/nginx"
ldd /usr/sbin/nginx | awk '/=> \// { print $3 } /^[ \t]*\/lib/ { print $1 }' | while read -r library; do
  mkdir -p "$out$(dirname "$library")"
  cp -L "$library" "$out$library"
done

cp /etc/nginx/mime.types "$out/etc/nginx/mime.types"
cp /etc/nginx/fastcgi_params "$out/etc/nginx/fastcgi_params" 2>/dev/null || true
cat >"$out/etc/nginx/nginx.conf" <<'CONF'
user nginx;
worker_processes auto;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;
events { worker_connections 1024; }
http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log /var/log/nginx/access.log;
  sendfile on;
  keepalive_timeout 65;
  include /etc/nginx/conf.d/*.conf;
}
CONF
cat >"$out/etc/nginx/conf.d/default.conf" <<'CONF'
server {
  listen 80;
  location / { root /usr/share/nginx/html; index index.html; }
}
CONF
echo '<!doctype html><title>nginx</title>' >"$out/usr/share/nginx/html/index.html"

printf 'root:x:0:0:root:/root:/bin/sh\nnginx:x:101:101:nginx:/var/cache/nginx:/bin/false\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$out/etc/passwd"
printf 'root:x:0:\nnginx:x:101:\nnogroup:x:65534:\n' >"$out/etc/group"
ln -s /dev/stdout "$out/var/log/nginx/access.log"
ln -s /dev/stderr "$out/var/log/nginx/error.log"
chown -R 101:101 "$out/var/cache/nginx" "$out/var/lib/nginx"
