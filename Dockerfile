# Serves the bundle that the link bundles/current leads to:
# docker build -t chorus . && CHORUS_TOKEN=$(cat token) docker run -v "$PWD/bundles:/bundles:ro" -e CHORUS_TOKEN -p 8000:8000 chorus
# docs/serve.md describes it.

FROM node:22-bookworm AS build
WORKDIR /src
COPY . .
RUN npx -y pnpm@12 install --frozen-lockfile && npx -y pnpm@12 build
RUN npx -y pnpm@12 --filter @chorus/trainer deploy --prod --legacy /opt/chorus/app
# Only onnxruntime: neither TensorFlow nor a compiler is needed to classify.
RUN CHORUS_CACHE=/opt/chorus/cache node /opt/chorus/app/dist/main.js setup --serve

FROM node:22-bookworm-slim
COPY --from=build /opt/chorus /opt/chorus
ENV NODE_ENV=production CHORUS_CACHE=/opt/chorus/cache
# Unprivileged: it can change neither the program nor the bundle.
USER node
EXPOSE 8000
HEALTHCHECK --start-period=60s --interval=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8000/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/opt/chorus/app/dist/main.js"]
CMD ["serve", "/bundles/current", "--host", "0.0.0.0"]
