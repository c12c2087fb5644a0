# Images of the product. Targets:
#   job      the scraper alone, for Jobs in a cluster: nothing but one static binary
#   scraper  the same with a shell and the example site, for docker-compose
#   operator the operator alone: nothing but one static binary
#
# By default the binaries are compiled here. With --build-arg BINARIES=<image> they are taken from that image instead,
# which holds them under /out: sms_scraper, sms_operator and venues.
#
# No cache mounts: Docker without BuildKit cannot read them. It also builds stages that the target does not need, so that
# there BINARIES does not save the compilation.
ARG BINARIES=build

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN .ci/release /out

FROM ${BINARIES} AS binaries

# Certificate authorities and time zones are compiled in.
FROM scratch AS job
COPY --from=binaries /out/sms_scraper /usr/local/bin/sms_scraper
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/sms_scraper"]

FROM busybox:1.37 AS scraper
COPY --from=binaries /out/sms_scraper /out/venues /usr/local/bin/
# A new volume takes its owner from here.
RUN mkdir -p /data && chown 65532:65532 /data
USER 65532:65532
VOLUME /data
# 8080: /healthz and /readyz; 9898: /metrics.
EXPOSE 8080 9898
CMD ["sms_scraper", "serve"]

FROM scratch AS operator
COPY --from=binaries /out/sms_operator /usr/local/bin/sms_operator
USER 65532:65532
# 8080: /healthz and /readyz; 9898: /metrics.
EXPOSE 8080 9898
ENTRYPOINT ["/usr/local/bin/sms_operator"]
