# The example project, for docker-compose.yml.
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ gdal-bin libgdal-dev nodejs npm \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app
ENV EXTRAS=example,services,colormaps,fast,sources \
    PYTHON=/usr/local/bin/python3.11 \
    PYTHONUNBUFFERED=1

# What the environment is made of comes first: a change of the code does not build it again.
COPY setup.py pyproject.toml LICENSE package.json package-lock.json .npmrc ./
COPY scripts scripts
COPY django_large_image/__init__.py django_large_image/__init__.py
RUN scripts/venv.sh && scripts/node.sh

COPY . .

ENV DATA_DIR=/data HOST=0.0.0.0 PORT=8000
VOLUME /data
EXPOSE 8000
CMD ["scripts/demo.sh"]
