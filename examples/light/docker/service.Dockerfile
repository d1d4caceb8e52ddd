# One file for the three services: the named context `base` is the bake target of that name, the build context is the
# service's directory.
FROM base AS builder
ARG MODE=ready
ARG PADDING_KB=0
COPY . /source
RUN mkdir -p /out/etc/light /out/srv/cgi-bin \
 && cp -r /source/srv/. /out/srv/ \
 && cp /source/service /out/etc/light/service \
 && if [ -e /source/run ]; then cp /source/run /out/etc/light/run; fi \
 && if [ -e /source/release ]; then cp /source/release /out/etc/light/release; fi \
 && echo "$MODE" >/out/etc/light/mode \
 && echo ok >/out/srv/healthz
# Random, so that no layer can be smaller than it says.
RUN if [ "$PADDING_KB" != 0 ]; then \
      dd if=/dev/urandom of=/out/etc/light/padding bs=1024 count="$PADDING_KB" 2>/dev/null; \
    fi

FROM base AS production
COPY --from=builder /out/ /
