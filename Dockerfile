# framecue as a service: the page, the API and what indexes, on the processor. docs/serving.md says how to run it.
#
#   docker build -t framecue .
#
# Everything is installed in a first stage, so that neither pip's leavings nor the sources are in the image.
ARG PYTHON=3.12
FROM python:${PYTHON}-slim AS build
# PyTorch for the processor alone is a fifth as large as the one with CUDA; uv knows where it is.
ARG TORCH_FROM="--torch-backend cpu"
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/framecue
COPY constraints.txt ./
RUN python -m venv /opt/uv && /opt/uv/bin/python -m pip install -q -c constraints.txt uv
# By itself, as that place has not all else in the versions that framecue is tested with.
RUN /opt/uv/bin/uv pip install -q --python /opt/framecue/bin/python --no-deps -c constraints.txt $TORCH_FROM torch
COPY pyproject.toml README.md LICENSE ./
COPY src/ src/
RUN /opt/framecue/bin/python -m pip install -q -c constraints.txt ".[mcp,screen-text,serve,speech,timelines]"

FROM python:${PYTHON}-slim
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin framecue \
    && install -d -o framecue -g framecue /library /cache
COPY --from=build /opt/framecue /opt/framecue
# Nothing else is ever written: the root may be read-only, as it is in compose.yaml.
ENV PATH=/opt/framecue/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/cache \
    HF_HOME=/cache/huggingface \
    FRAMECUE_CACHE=/cache/framecue \
    FRAMECUE_LIBRARY=/library/videos.lance
USER framecue
WORKDIR /library
VOLUME ["/library", "/cache"]
EXPOSE 8000
# /healthz needs no token, and answers 503 where no library can be opened.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["framecue"]
# Other machines reach it by this address, so it wants a token: the variable FRAMECUE_TOKEN.
CMD ["serve", "--host", "0.0.0.0"]
