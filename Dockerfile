# One image for the app, the webhook service and the worker; compose.yaml starts all three.
FROM python:3.12-slim AS built
WORKDIR /src
COPY requirements.lock pyproject.toml README.md LICENSE app.py asgi.py ./
COPY .streamlit/config.toml .streamlit/config.toml
COPY po_toolkit po_toolkit
RUN python -m venv /opt/po-toolkit \
 && /opt/po-toolkit/bin/pip install --no-cache-dir --require-hashes -r requirements.lock \
 && /opt/po-toolkit/bin/pip install --no-cache-dir ".[postgres]"

FROM python:3.12-slim
RUN useradd --system --create-home --home-dir /srv/po-toolkit po-toolkit
COPY --from=built /opt/po-toolkit /opt/po-toolkit
COPY --chown=po-toolkit app.py asgi.py /srv/po-toolkit/
COPY --chown=po-toolkit .streamlit/config.toml /srv/po-toolkit/.streamlit/config.toml
ENV PATH="/opt/po-toolkit/bin:$PATH" PYTHONUNBUFFERED=1
WORKDIR /srv/po-toolkit
USER po-toolkit
EXPOSE 8000 8501
CMD ["po-toolkit", "webhook", "serve", "--host", "0.0.0.0", "--port", "8000"]
