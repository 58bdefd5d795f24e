# The server and its command line, on a slim Debian: docker build --tag churn .
#
# docs/operations.md says how to run it; scripts/check-image builds it without a container engine and measures it.
# Tags are exact; scripts/pin adds the digests that they have.
ARG BUILD_IMAGE=swift:6.3.1-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-20260824-slim

# --- Build -------------------------------------------------------------------------------------------------
FROM ${BUILD_IMAGE} AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /src

ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends \
        git pkg-config libprotobuf-c-dev libsqlite3-dev libmongoc-dev zlib1g-dev libzip-dev libexpat1-dev libssl-dev libnghttp2-dev \
    && rm -rf /var/lib/apt/lists/*

# The packages, compiled in a layer that outlives every change of our own sources. It is kept as an archive, for a layer may keep
# times to the second, and the build compares nanoseconds: it would compile all of it again.
COPY Package.swift Package.versions ./
COPY scripts/resolve scripts/dependencies-manifest scripts/
RUN manifest=$(scripts/dependencies-manifest) \
    && printf '%s\n' "$manifest" >Package.swift \
    && mkdir -p Sources/Dependencies \
    && touch Sources/Dependencies/main.swift \
    && scripts/resolve \
    && swift build -c release --static-swift-stdlib \
    && tar --format=posix --create --file /packages.tar .build \
    && rm -r .build Sources

# SwiftPM wants every target of the manifest to be there; only those of the program are compiled.
COPY Package.swift Package.versions ./
COPY Tests Tests
COPY Benchmarks Benchmarks
COPY Sources Sources
RUN tar --extract --file /packages.tar \
    && swift build -c release --static-swift-stdlib --product churn \
    && scripts/resolve --check \
    && install -D --strip .build/release/churn /out/usr/local/bin/churn
COPY models /out/usr/local/share/churn/models
COPY LICENSE /out/usr/local/share/doc/churn/LICENSE

# --- Run ---------------------------------------------------------------------------------------------------
FROM ${RUNTIME_IMAGE}
# Only what the program is linked with, and the certificates that a database may need.
RUN export DEBIAN_FRONTEND=noninteractive \
    && apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends \
        ca-certificates libexpat1 libmongoc-1.0-0 libnghttp2-14 libprotobuf-c1 libsqlite3-0 libssl3 libzip4 zlib1g \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/churn --shell /usr/sbin/nologin churn \
    && install -d -o churn -g churn -m 0750 /var/lib/churn
COPY --from=build /out /

# Who sets another CHURN_LISTEN sets CHURN_SERVER too: it is whom the health check asks.
#
# All that is written lies below /var/lib/churn, so the rest may be read-only: the SQLite store, and the temporary files of
# what does not fit into memory.
# libmongoc would keep counters in shared memory that nobody reads, and complain where there is none.
ENV CHURN_STORE=sqlite:/var/lib/churn/churn.sqlite \
    CHURN_LISTEN=0.0.0.0:7447 \
    TMPDIR=/var/lib/churn \
    MONGOC_DISABLE_SHM=1
VOLUME /var/lib/churn
USER 10001:10001
WORKDIR /var/lib/churn
EXPOSE 7447
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s --retries=3 \
    CMD ["churn", "health", "--timeout", "3s"]
ENTRYPOINT ["churn"]
CMD ["serve"]
# Last, for they differ from build to build.
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="churn" \
    org.opencontainers.image.description="Predicts which customers are about to leave" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
