# `base` is a named context: a Node image that docker-bake.hcl chooses.
FROM base
WORKDIR /app
COPY server ./
ARG SERVICE RELEASE BREAKS="" DIE=graceful
# What is built in stays true after a restart and after a way back to this release.
ENV SERVICE=$SERVICE RELEASE=$RELEASE RELEASE_BREAKS=$BREAKS RELEASE_DIE=$DIE
USER node
EXPOSE 8080
# Asks with what bash has: a second Node for each look would load the machine that is measured.
HEALTHCHECK --interval=5s --timeout=2s --retries=3 --start-period=10s --start-interval=200ms \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && read -r line <&3 && [[ $line == *200* ]]"]
CMD ["node", "main.ts"]
