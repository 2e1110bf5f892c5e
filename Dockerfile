# One process is one node. Mount a volume at /var/lib/ocpi-hub, or point OCPI_HUB_STORAGE__URL at PostgreSQL.
FROM python:3.11-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY routing routing
COPY hub hub
COPY admin admin
RUN python -m venv /opt/ocpi-hub && /opt/ocpi-hub/bin/pip install --no-cache-dir '.[speed]'

FROM python:3.11-slim
COPY --from=build /opt/ocpi-hub /opt/ocpi-hub
RUN useradd --system --uid 10001 --home-dir /var/lib/ocpi-hub --create-home ocpi-hub \
    && mkdir /key && chown 10001 /key
USER 10001
WORKDIR /var/lib/ocpi-hub
VOLUME /var/lib/ocpi-hub
# the admin door stays on loopback: who wants it outside of the container says so
ENV PATH=/opt/ocpi-hub/bin:$PATH PYTHONUNBUFFERED=1 OCPI_HUB_SERVER__HOST=0.0.0.0
EXPOSE 8080
# not --ready: without its store a hub still routes between parties that it knows
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["ocpi-hub", "health"]
ENTRYPOINT ["ocpi-hub"]
CMD ["serve"]
