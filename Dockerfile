# syntax=docker/dockerfile:1
# docker build -t cir-bench .                               on the CPU
# docker build -t cir-bench:cuda --build-arg DEVICE=cuda .  with CUDA's libraries
# How the images are used stands in docs/installing.md.
ARG PYTHON=3.12
ARG DEVICE=cpu

FROM python:${PYTHON}-slim AS base
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore
COPY constraints.txt /opt/cir-bench/

# torch by itself: it is most of an image, and stays the same when the code changes
FROM base AS torch-cpu
RUN pip install --no-cache-dir -c /opt/cir-bench/constraints.txt \
    --extra-index-url https://download.pytorch.org/whl/cpu torch torchvision

FROM base AS torch-cuda
RUN pip install --no-cache-dir -c /opt/cir-bench/constraints.txt torch torchvision

# hadolint ignore=DL3006
FROM torch-${DEVICE}
WORKDIR /opt/cir-bench
COPY pyproject.toml setup.py README.md LICENSE ./
COPY harness harness
COPY plugins plugins
COPY benchmarks benchmarks
RUN pip install --no-cache-dir -c constraints.txt ".[captions,search,serve]" && rm -rf build
# any user may be chosen with --user: the files in the mounted folder then belong to it
RUN mkdir --mode=1777 /cache /work
ENV HOME=/cache \
    USER=cir-bench \
    CIR_BENCH_CACHE=/cache/cir-bench
WORKDIR /work
USER 1000:1000
EXPOSE 8765
ENTRYPOINT ["cir-bench"]
CMD ["--help"]
