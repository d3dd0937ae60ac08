# Manifests of all workspaces: npm ci is cached until one of them changes.
FROM node:22-slim AS manifests
WORKDIR /app
COPY . .
RUN mkdir /manifests && find . -name package.json -not -path '*/node_modules/*' -exec cp --parents '{}' /manifests ';' \
    && cp package-lock.json /manifests

# Build: everything, with the tools.
FROM node:22-slim AS build
WORKDIR /app

COPY --from=manifests /manifests ./
RUN npm ci

COPY . .
RUN npm run build && npm prune --omit=dev

# Run: what the instance needs, owned by root, so that neither Koishi nor anybody who gets in can rewrite it.
FROM node:22-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0
WORKDIR /app

COPY --from=build /app/package.json /app/koishi.yml ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/packages packages
COPY --from=build /app/plugins plugins
COPY --from=build /app/examples examples
COPY --from=build /app/lib lib
COPY --from=build /app/bin/health.mjs bin/
RUN install --directory --owner=node --group=node data

USER node
VOLUME /app/data
EXPOSE 35000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["node", "bin/health.mjs"]
CMD ["node", "lib/start.js"]
