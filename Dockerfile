# bizgraph in one image: GraphiQL built from its npm lock, Python packages by hash, a user without rights.
# docker build -t bizgraph .   and   docker run -p 8000:8000 -v ./bizgraph.toml:/etc/bizgraph/bizgraph.toml:ro bizgraph

FROM node:22-bookworm-slim AS graphiql
WORKDIR /graphiql
COPY gateway/graphiql/package.json gateway/graphiql/package-lock.json gateway/graphiql/.npmrc ./
RUN npm ci --no-audit --no-fund --loglevel=error
COPY gateway/graphiql/ ./
RUN npm run --silent build

FROM python:3.11-slim-bookworm AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/bizgraph
COPY requirements.txt /build/
RUN /opt/bizgraph/bin/python -m pip install --quiet --require-hashes -r /build/requirements.txt
COPY pyproject.toml README.md LICENSE /build/
COPY gateway/ /build/gateway/
COPY schema/ /build/schema/
COPY resolvers/ /build/resolvers/
COPY --from=graphiql /graphiql/dist/ /build/gateway/graphiql/dist/
RUN /opt/bizgraph/bin/python -m pip install --quiet --no-deps --no-build-isolation /build \
 && /opt/bizgraph/bin/python -m compileall -q /opt/bizgraph/lib

FROM python:3.11-slim-bookworm
COPY --from=packages /opt/bizgraph /opt/bizgraph
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin bizgraph
USER 10001
ENV PATH=/opt/bizgraph/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BIZGRAPH_CONFIG=/etc/bizgraph/bizgraph.toml \
    BIZGRAPH_SERVER__HOST=0.0.0.0 \
    BIZGRAPH_SERVER__PORT=8000
WORKDIR /tmp
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['BIZGRAPH_SERVER__PORT'] + '/health/live', timeout=2)"]
CMD ["bizgraph", "serve"]
