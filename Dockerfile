# The arena with everything it needs. In a container Postgres and the chain are services of their own (compose.yaml).
FROM python:3.12-slim
RUN useradd --create-home --uid 10001 arena
WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir --no-deps --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY actors actors
COPY persistence persistence
COPY arena arena
RUN pip install --no-cache-dir --no-deps --no-build-isolation . && install -d -o arena -g arena /data
USER arena
ENV ARENA_DATA_DIR=/data ARENA_HOST=0.0.0.0 ARENA_PORT=8080 PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/api/v1/health', timeout=2)"]
CMD ["arena", "serve"]
