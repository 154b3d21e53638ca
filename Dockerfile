FROM python:3.11-slim
RUN useradd --create-home nextwise && mkdir /data && chown nextwise /data
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY engine engine
COPY models models
COPY service service
# libgomp1: scikit-learn's and numba's threads
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/* \
    && pip install --no-cache-dir -c constraints.txt .
USER nextwise
ENV NEXTWISE_DATA=/data NUMBA_CACHE_DIR=/tmp/numba
EXPOSE 8000
CMD ["nextwise", "serve", "--host", "0.0.0.0"]
