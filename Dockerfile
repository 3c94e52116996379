# For GPU machines; the torch wheel of PyPI carries its own CUDA libraries, so the host needs only the driver and the
# NVIDIA container toolkit. Build and run:
#   docker build -t code-alpaca .
#   docker run --rm -it --gpus all --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
#       --security-opt systempaths=unconfined -v alpaca-data:/project/data -v alpaca-checkpoints:/project/checkpoints \
#       -v alpaca-reports:/project/reports -v alpaca-models:/home/user/.cache/huggingface code-alpaca
# Data, checkpoints, reports and models then outlive the container. For x86-64 and arm64: the base image, Debian's packages and
# the wheels of all pins exist for both. Nobody has built this file yet: its RUN lines ended without an error in a
# bare Debian bookworm (x86-64), and tests/test_dockerfile.py holds what can be told without an engine.
# The three --security-opt lines let bubblewrap make the sandbox for generated code inside the container. Without them
# nothing generated is executed, and the reports say so.
FROM python:3.11.14-slim-bookworm

# git: results state the commit. The compilers and interpreters: generated programs in their languages are run. TypeScript
# (tsc), Go and others are left out for their size: their programs are not run, and the reports count them.
RUN apt-get update \
    && apt-get install -y --no-install-recommends git make gcc g++ nodejs php-cli ruby bash default-jdk-headless \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --create-home user && mkdir /project && chown user /project
USER user
WORKDIR /project

# The packages change less often than the code: their layer is kept.
COPY --chown=user requirements.txt requirements-gpu.txt constraints.txt Makefile ./
RUN make .venv/installed && .venv/bin/python -m pip install -r requirements-gpu.txt && .venv/bin/python -m pip cache purge

COPY --chown=user . .
RUN mkdir -p data checkpoints reports /home/user/.cache/huggingface
ENV PATH=/project/.venv/bin:$PATH
CMD ["bash"]
