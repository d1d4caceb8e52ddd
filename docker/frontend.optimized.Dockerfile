# Vite builds static files, nginx serves them; nothing of Node is left in the image.

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
# Only what decides the dependencies, so that a change of source does not install them again.
COPY package.json package-lock.json ./
# `ca` is an optional secret: the certificate authority of a company's proxy, where there is one.
RUN --mount=type=cache,id=shop-frontend-npm,target=/root/.npm \
    --mount=type=secret,id=ca,target=/run/secrets/ca \
    if [ -s /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi; \
    npm ci --ignore-scripts --no-audit --no-fund

FROM dependencies AS builder
COPY . .
# nginx sends the .gz beside a file as it is, so the strongest level costs nothing at run time.
RUN npm run build \
    && find dist -type f \( -name '*.js' -o -name '*.css' -o -name '*.html' -o -name '*.svg' \) -exec gzip -9 -k {} +

FROM nginx:1.28-alpine AS production
COPY nginx.conf /etc/nginx/nginx.conf
COPY --from=builder /app/dist /usr/share/nginx/html
USER nginx
EXPOSE 8080
# SIGQUIT lets nginx answer what is under way; SIGTERM would cut it.
STOPSIGNAL SIGQUIT
ENTRYPOINT []
CMD ["nginx", "-g", "daemon off;"]
