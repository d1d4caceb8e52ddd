# CPU-only PyTorch in a trimmed virtual environment, and a model trained in the build.
#
# Two stages can be replaced by named contexts of docker-bake.hcl where no package index is at hand:
#   wheelhouse    a folder of wheels for requirements.txt
#   dependencies  an image that has a complete virtual environment in /opt/venv

FROM scratch AS wheelhouse

# Every wheel once, apart from the installation: pip, its cache and what it builds stay in this stage.
FROM python:3.11-slim AS wheels
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
WORKDIR /build
COPY requirements.txt constraints.txt ./
RUN --mount=type=cache,id=shop-ml-pip,target=/root/.cache/pip \
    --mount=type=bind,from=wheelhouse,target=/wheelhouse \
    if ls /wheelhouse/*.whl > /dev/null 2>&1; then source="--no-index --find-links /wheelhouse"; \
    else source="--extra-index-url $TORCH_INDEX"; fi; \
    pip wheel --wheel-dir /wheels $source -r requirements.txt -c constraints.txt

FROM python:3.11-slim AS dependencies
RUN --mount=type=cache,id=shop-ml-apt,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,id=shop-ml-apt-lists,target=/var/lib/apt/lists,sharing=locked \
    apt-get update && apt-get install -y --no-install-recommends binutils
WORKDIR /build
COPY requirements.txt constraints.txt ./
# Headers, tests, tools, static libraries, type stubs and symbol tables are for those who build upon torch or debug it.
# bin/torch_shm_manager must stay: torch does not import without it. The import at the end proves that enough is left, and
# writes the bytecode of what is really used. All in one step, so that the cache does not keep the untrimmed tree.
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --no-index --find-links /wheels \
       -r requirements.txt -c constraints.txt \
    && cd /opt/venv/lib/python3.11/site-packages \
    && rm -rf torch/include torch/share torch/test torch/lib/*.a \
    && find torch/bin -type f ! -name torch_shm_manager -delete \
    && find . -type d \( -name tests -o -name test \) -prune -exec rm -rf {} + \
    && find . -type f -name '*.pyi' -delete \
    && find . -type f -name '*.so*' -exec strip --strip-unneeded {} + \
    && /opt/venv/bin/python -c "import torch, torch.nn, torch.optim, fastapi, uvicorn"

FROM python:3.11-slim AS builder
# torch warns when NumPy is missing; the service does not need it, and it would add 60 MB.
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS="ignore:Failed to initialize NumPy"
WORKDIR /app
COPY model.py train.py ./
# The environment is mounted, not copied: this stage needs it for a moment only.
RUN --mount=type=bind,from=dependencies,source=/opt/venv,target=/opt/venv \
    /opt/venv/bin/python train.py model.pt
# A trimmed environment that cannot load the service must fail here, not when the container starts.
COPY service.py ./
RUN --mount=type=bind,from=dependencies,source=/opt/venv,target=/opt/venv \
    /opt/venv/bin/python -c "import service; print(service.predict(service.Review(text='this lamp is not good')))"

FROM python:3.11-slim AS production
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    PYTHONWARNINGS="ignore:Failed to initialize NumPy"
WORKDIR /app
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=builder /app/model.pt ./
COPY model.py service.py ./
USER 10001:10001
EXPOSE 8000
# Python itself is PID 1; on SIGTERM uvicorn answers what is under way and ends.
CMD ["python", "-m", "uvicorn", "service:app", "--host", "0.0.0.0", "--port", "8000"]
