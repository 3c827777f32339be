# One image for the app, the webhook service and the worker; compose.yaml starts all three. All that
# is installed is locked by hash, the program itself is built without a network, and nothing runs as
# root.
FROM python:3.12-slim AS built
WORKDIR /src
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/po-toolkit \
 && /opt/po-toolkit/bin/pip install --no-cache-dir --require-hashes \
      -r requirements.lock -r requirements-build.lock
COPY pyproject.toml README.md LICENSE app.py asgi.py ./
COPY .streamlit/config.toml .streamlit/config.toml
COPY po_toolkit po_toolkit
RUN /opt/po-toolkit/bin/pip install --no-cache-dir --no-index --no-deps --no-build-isolation . \
 && /opt/po-toolkit/bin/pip uninstall --yes editables hatchling \
 && /opt/po-toolkit/bin/pip check

FROM python:3.12-slim
RUN useradd --system --uid 10001 --create-home --home-dir /srv/po-toolkit po-toolkit
COPY --from=built /opt/po-toolkit /opt/po-toolkit
ENV PATH="/opt/po-toolkit/bin:$PATH" PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/po-toolkit
USER 10001
EXPOSE 8000 8501
CMD ["po-toolkit", "webhook", "serve", "--host", "0.0.0.0", "--port", "8000"]
