# Prisma's client is generated and everything bundled in the build; the image holds Node and two files.

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
# Only what decides the dependencies, so that a change of source does not install them again.
COPY package.json package-lock.json ./
# `ca` is an optional secret: the certificate authority of a company's proxy, where there is one.
RUN --mount=type=cache,id=shop-backend-npm,target=/root/.npm \
    --mount=type=secret,id=ca,target=/run/secrets/ca \
    if [ -s /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi; \
    npm ci --ignore-scripts --no-audit --no-fund

# The client depends on the schema alone: it is generated again only when the schema changes.
FROM dependencies AS client
COPY prisma.config.ts ./
COPY prisma ./prisma
RUN npm run generate

FROM client AS builder
COPY . .
RUN npm run typecheck && npm run build

FROM node:24-bookworm-slim AS production
ENV NODE_ENV=production
WORKDIR /app
COPY prisma/migrations ./prisma/migrations
COPY --from=builder /app/dist ./dist
USER node
EXPOSE 3000
# node itself is PID 1 and hears SIGTERM; npm would answer it with exit code 1, a shell not at all.
CMD ["node", "dist/main.mjs"]
