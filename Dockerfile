# docker build --tag baton . && docker run --publish 8080:8080 --volume baton-data:/data baton serve --demo
# It writes to /data and nowhere else: --read-only --cap-drop ALL --security-opt no-new-privileges take nothing from it.
#
# What is built is decided by the lock files and by these three images. A release names them by digest:
# --build-arg RUST_IMAGE=rust@sha256:…, and sets SOURCE_DATE_EPOCH, by which the builder dates what is in the image.
ARG NODE_IMAGE=node:24-bookworm-slim
ARG RUST_IMAGE=rust:1.95-bookworm
ARG BASE_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${NODE_IMAGE} AS page
WORKDIR /page
COPY static/package.json static/package-lock.json ./
RUN npm ci --ignore-scripts --no-fund --no-audit
COPY static/ ./
RUN npm run build

FROM ${RUST_IMAGE} AS server
WORKDIR /baton
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/baton/target \
    cargo build --release --locked --bin baton && cp target/release/baton /usr/local/bin/baton
# A new volume takes the owner and the mode of the folder it is mounted over.
RUN mkdir --mode=0700 /data

# glibc and no shell, no package manager, nothing to log in to.
FROM ${BASE_IMAGE}
COPY --from=server /usr/local/bin/baton /usr/local/bin/baton
COPY --from=server --chown=65532:65532 /data /data
# The server looks for its page in static/dist.
WORKDIR /usr/share/baton
COPY --from=page /page/dist static/dist
ENV BATON_LISTEN=0.0.0.0:8080 \
    BATON_DATA=/data
USER 65532:65532
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["/usr/local/bin/baton", "health"]
ENTRYPOINT ["/usr/local/bin/baton"]
CMD ["serve"]
