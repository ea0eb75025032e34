#!/usr/bin/env bash
# Builds rounds-cuda without a GPU, a CUDA toolkit or a driver: docs/cuda.md says how.
#
#     tests/local/cuda_build.sh FOLDER
#
# FOLDER keeps the compiler, the stub libraries and the build, so that a second call is short. CUDA_COMPUTE_CAP (90),
# CARGO_BUILD_JOBS and CUDAFORGE_THREADS (1: a kernel can take 2 GB) may be set.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${1:?"usage: tests/local/cuda_build.sh FOLDER"}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

step() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }

step "compiler"
if [ ! -x "$folder/venv/bin/python" ]; then python3 -m venv "$folder/venv"; fi
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    nvidia-cuda-nvcc==13.0.88 nvidia-cuda-crt==13.0.88 nvidia-nvvm==13.0.88 \
    nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85 nvidia-cuda-nvrtc==13.0.88
CUDA_HOME=$("$folder/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')/nvidia/cu13
export CUDA_HOME CUDA_PATH=$CUDA_HOME PATH=$CUDA_HOME/bin:$PATH
export CUDA_COMPUTE_CAP=${CUDA_COMPUTE_CAP:-90} CUDAFORGE_THREADS=${CUDAFORGE_THREADS:-1}
export CARGO_TARGET_DIR=$folder/target
nvcc --version | tail -n 2

# The library alone is compiled first: nothing is linked with the CUDA libraries yet.
step "crates and kernels"
cargo build --release --locked -p rounds --lib --features cuda

step "stub libraries"
stubs=$folder/stubs
mkdir -p "$stubs"
find "$CARGO_TARGET_DIR/release" \( -name "*.rlib" -o -name "*.a" \) -print0 |
    xargs -0 nm --undefined-only --no-sort 2>/dev/null |
    awk '$1 == "U" && $2 ~ /^(cu[A-Zdbr]|nvrtc|__cuda)/ && $2 !~ /^_Z/ { print $2 }' | sort -u >"$stubs/symbols"
stub() {
    local name=$1 number=$2 pattern=$3 but=$4
    { grep -E "$pattern" "$stubs/symbols" | grep -vE "$but" || true; } |
        sed 's/.*/void &(void) {}/' >"$stubs/$name.c"
    cc -shared -fPIC -Wl,-soname,"$name.so.$number" -o "$stubs/$name.so" "$stubs/$name.c"
}
none='^$'
stub libcublasLt 13 '^cublasLt' "$none"
stub libcublas 13 '^cublas' '^cublasLt'
stub libcurand 10 '^curand' "$none"
stub libnvrtc 13 '^nvrtc' "$none"
stub libcudart 13 '^(cuda[A-Z]|__cuda)' "$none"
stub libcuda 1 '^cu[A-Z]' "$none"
wc -l <"$stubs/symbols" | sed 's/$/ symbols/'

step "program"
cargo rustc --release --locked -p rounds --features cuda --bin rounds-cuda -- -L "native=$stubs"

step "done"
program=$CARGO_TARGET_DIR/release/rounds-cuda
ls -l "$program" | awk '{ printf "%s: %.1f MB\n", $NF, $5 / 1e6 }'
readelf -d "$program" | sed -n 's/.*Shared library: \[\(.*\)\]/needs \1/p'
