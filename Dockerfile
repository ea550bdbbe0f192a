# One image for every task of the service: the web server (the default command), a worker, migrations:
#   docker run IMAGE                        gunicorn on port 8000
#   docker run IMAGE manage.py migrate      any management command
# It runs as an ordinary user and writes nothing but temporary files: --read-only --tmpfs /tmp is enough.

FROM python:3.13-slim AS build

# mysqlclient has no ready-made package for Linux. The compiler stays in this stage.
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev libmariadb-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements/mysql.txt /tmp/requirements.txt
# Sources of translations and of type information are for developers; a server reads the compiled ones.
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install \
        --require-hashes --only-binary :all: --no-binary mysqlclient --no-compile -r /tmp/requirements.txt \
    && find /opt/venv -name '*.po' -delete \
    && /opt/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib

WORKDIR /app
COPY . .
RUN rm -r requirements \
    && python -m compileall -q --invalidation-mode unchecked-hash . \
    # The settings demand values that collecting files makes no use of.
    && DJANGO_SECRET_KEY=build DATABASE_URL=sqlite://:memory: AWS_REGION=build \
        COGNITO_USER_POOL_ID=build COGNITO_CLIENT_ID=build PAYMENT_GATEWAY=mock \
        PYTHONDONTWRITEBYTECODE=1 /opt/venv/bin/python manage.py collectstatic --noinput --verbosity 0 \
        --ignore redoc


FROM python:3.13-slim

# The client library that mysqlclient was linked with, and an owner for the process and for compose's volume.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libmariadb3 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 shop \
    && useradd --uid 10001 --gid shop --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin shop \
    && install -d -o shop -g shop -m 700 /var/lib/shop

COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app

# ENV_FILE: settings come from the environment alone, unless it names a file that was mounted.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ENV_FILE=/dev/null
WORKDIR /app
USER 10001:10001
EXPOSE 8000

# Alive, not ready: a task whose database is away must not be killed for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-m", "shop.probe", "/health/live"]

# No shell between the engine and gunicorn: SIGTERM reaches it, and it answers what is in flight before it ends.
ENTRYPOINT ["python"]
CMD ["-m", "gunicorn", "--config", "shop/gunicorn.conf.py", "shop.wsgi"]

# Last, because it changes with every build of a release.
ARG REVISION=unknown
LABEL org.opencontainers.image.title="shop" \
      org.opencontainers.image.description="An e-commerce backend: catalogue, identity and orders" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="$REVISION"
