# What a beginner writes: one stage, everything copied before the install, torch from the default index (with CUDA).
# (The arguments and the folder `wheelhouse` are unset and empty unless the bake file gives them: ml-plain-cpu compares
# the same torch, and machines without an index bring their own wheels.)
FROM scratch AS wheelhouse

FROM python:3.11
WORKDIR /app
ARG PIP_EXTRA_INDEX_URL
ARG PIP_CONSTRAINT
ARG PIP_NO_INDEX
COPY . .
RUN --mount=type=bind,from=wheelhouse,target=/wheelhouse \
    pip install --find-links /wheelhouse -r requirements.txt
RUN python train.py model.pt
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "service:app", "--host", "0.0.0.0", "--port", "8000"]
