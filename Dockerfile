# One image for every task of the service: the web server (the default command), a worker, migrations:
#   docker run IMAGE                        gunicorn on port 8000
#   docker run IMAGE manage.py migrate      any management command; run_background settles what the web leaves open
# And one for what stands before the web server: docker build --target front.
# Both run as an ordinary user and write nothing but temporary files: --read-only --tmpfs /tmp is enough.

FROM python:3.13-slim AS build

# mysqlclient has no ready-made package for Linux. The compiler stays in this stage.
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev libmariadb-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# REQUIREMENTS=traces adds OpenTelemetry, for a shop that runs with TRACES.
ARG REQUIREMENTS=mysql
COPY requirements/${REQUIREMENTS}.txt /tmp/requirements.txt
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


# The front: nginx on port 8080 takes requests in whole before gunicorn sees them. FRONT_...: see the template.
FROM nginx:stable AS front
# No program that makes its caller root.
RUN find / -xdev -type f -perm /6000 -exec chmod a-s {} +
COPY shop/nginx/nginx.conf.template /etc/nginx/templates/
# The image's own start fills in the template, for which it needs its shell; nothing else does.
ENV NGINX_ENVSUBST_OUTPUT_DIR=/tmp \
    NGINX_ENVSUBST_FILTER=^FRONT_ \
    NGINX_ENTRYPOINT_QUIET_LOGS=1 \
    FRONT_LISTEN=8080 \
    FRONT_UPSTREAM=127.0.0.1:8000 \
    FRONT_TRUSTED_CIDR=0.0.0.0/32 \
    FRONT_CLIENT_HEADER=X-Forwarded-For \
    FRONT_SCHEME=forwarded
# Where no tmpfs can be mounted (Fargate), an empty volume gets the owner and mode that the image gives the directory.
VOLUME /tmp
USER 10001:10001
EXPOSE 8080
# Answer what is in flight, then end; nginx takes SIGTERM for "at once".
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "--noproxy", "*", "http://127.0.0.1:8080/health/live"]
CMD ["nginx", "-p", "/tmp", "-c", "/tmp/nginx.conf", "-g", "daemon off;"]


FROM python:3.13-slim

# The client library that mysqlclient was linked with, an owner for the process and for compose's volume, and no
# program that makes its caller root.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libmariadb3 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 shop \
    && useradd --uid 10001 --gid shop --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin shop \
    && install -d -o shop -g shop -m 700 /var/lib/shop \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} +

COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app

# ENV_FILE: settings come from the environment alone, unless it names a file that was mounted.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ENV_FILE=/dev/null \
    HEARTBEAT_DIR=/tmp/heartbeats
# As in the front: for engines without tmpfs.
VOLUME /tmp
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
ENV REVISION=$REVISION
LABEL org.opencontainers.image.title="shop" \
      org.opencontainers.image.description="An e-commerce backend: catalogue, identity and orders" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="$REVISION"
