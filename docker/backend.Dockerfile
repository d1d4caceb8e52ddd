# What a beginner writes: one stage, everything copied before the install, development dependencies kept, npm as PID 1.
FROM node:24-bookworm
WORKDIR /app
COPY . .
# (The secret is a company's own certificate authority; without one the file is empty and npm does what it always does.)
RUN --mount=type=secret,id=ca,target=/run/secrets/ca \
    if [ -s /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi; \
    npm install
RUN npm run generate
RUN npm run build
EXPOSE 3000
CMD ["npm", "start"]
