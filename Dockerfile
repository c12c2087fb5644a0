# Images of the product. Targets:
#   job      the scraper alone, for Jobs in a cluster and for `sms_scraper view`: nothing but one static binary (22 MB)
#   scraper  the same with a shell and the example site, for docker-compose (31 MB with busybox)
#   operator the operator alone: nothing but one static binary (18 MB)
#
# By default the binaries are compiled here. With --build-arg BINARIES=<image> they are taken from that image instead,
# which holds them under /out: sms_scraper, sms_operator and venues.
#
# VERSION and REVISION go into the labels, and nothing else does that changes between two builds of one commit: no date,
# no address. A release adds the repository's.
#
# Base images are pinned by tag, for people who build; a release pins what it was built from in its provenance. Digests
# belong here as soon as a machine with a registry writes them (Dependabot keeps them then):
# docker buildx imagetools inspect rust:1.95-slim-bookworm
#
# No cache mounts: Docker without BuildKit cannot read them. It also builds stages that the target does not need, so that
# there BINARIES does not save the compilation.
#
# No HEALTHCHECK: Kubernetes does not read it, the compose file has its own, and `job` and `operator` hold no program that
# could ask.
ARG BINARIES=build

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN .ci/release --images /out

FROM ${BINARIES} AS binaries

# Certificate authorities and time zones are compiled in.
FROM scratch AS job
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="sms_scraper" \
      org.opencontainers.image.description="Runs event sources: fetch, extract, de-duplicate, store, report" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=binaries /out/sms_scraper /usr/local/bin/sms_scraper
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/sms_scraper"]

FROM busybox:1.37 AS scraper
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="sms_scraper with a shell" \
      org.opencontainers.image.description="sms_scraper and its example site, for docker-compose" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=binaries /out/sms_scraper /out/venues /usr/local/bin/
# A new volume takes its owner from here.
RUN mkdir -p /data && chown 65532:65532 /data
USER 65532:65532
VOLUME /data
# 8080: /healthz and /readyz; 9898: /metrics; 8090: sms_scraper view.
EXPOSE 8080 9898 8090
CMD ["sms_scraper", "serve"]

FROM scratch AS operator
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="sms_operator" \
      org.opencontainers.image.description="Kubernetes operator: ScrapeSource objects become CronJobs" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=binaries /out/sms_operator /usr/local/bin/sms_operator
# glibc gives each thread an arena of its own and keeps what is freed there (mallopt(3)): a third of the operator's memory.
ENV MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072
USER 65532:65532
# 8080: /healthz and /readyz; 9898: /metrics.
EXPOSE 8080 9898
ENTRYPOINT ["/usr/local/bin/sms_operator"]
