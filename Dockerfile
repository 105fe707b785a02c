# An image with the program, what it is linked to, and the page: no shell, no package manager, nothing to log in to.
#
# make image                    without a registry, from what is built on this machine: target/image.tar, which
#                               `docker load` and `podman load` take
# docker build --tag baton .    from the source alone, in the two images named below
#
# docker run --publish 8080:8080 --volume baton-data:/data baton serve --demo
# It writes to /data and nowhere else: --read-only --cap-drop ALL --security-opt no-new-privileges take nothing from it.
#
# What is built is decided by the lock files and by these images. A release names them by digest:
# --build-arg RUST_IMAGE=rust@sha256:…, and sets SOURCE_DATE_EPOCH, by which the builder dates what is in the image.
ARG NODE_IMAGE=node:24-bookworm-slim
ARG RUST_IMAGE=rust:1.95-bookworm

FROM ${NODE_IMAGE} AS page
WORKDIR /page
COPY static/package.json static/package-lock.json ./
RUN npm ci --ignore-scripts --no-fund --no-audit
COPY static/ ./
RUN npm run build

FROM ${RUST_IMAGE} AS parts
WORKDIR /baton
COPY . .
COPY --from=page /page/dist /page
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/baton/target \
    cargo build --release --locked --bin baton && deploy/image/parts target/release/baton /page /parts

FROM scratch
COPY --from=parts --chown=0:0 /parts/root /
COPY --from=parts --chown=65532:65532 /parts/volume /
WORKDIR /usr/share/baton
ENV BATON_LISTEN=0.0.0.0:8080 \
    BATON_DATA=/data
USER 65532:65532
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["/usr/local/bin/baton", "health"]
ENTRYPOINT ["/usr/local/bin/baton"]
CMD ["serve"]
