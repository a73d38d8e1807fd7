# Sourced by the scripts beside it: goes to the top of the clone, chooses where everything is built, and finds what is missing.
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# One folder outside the clone, so that RocksDB's C++ is compiled once for all clones of a user.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/skylark/target}"
mkdir -p "$CARGO_TARGET_DIR"

missing() {
  echo "missing: $1" >&2
  exit 1
}

need() {
  command -v "$1" >/dev/null || missing "$1 ($2)"
}

# RocksDB's bindings are made with libclang, which is found at build time.
has_libclang() {
  # Not libclang-cpp, which many machines have without it.
  [ -n "${LIBCLANG_PATH:-}" ] || compgen -G "/usr/lib/llvm-*/lib/libclang.so*" >/dev/null ||
    compgen -G "/usr/lib/llvm-*/lib/libclang-[0-9]*.so*" >/dev/null ||
    { ldconfig -p 2>/dev/null || true; } | grep -qE 'libclang(-[0-9.]+)?\.so'
}

need_build_tools() {
  need cargo "the Rust toolchain, 1.88 or later"
  need c++ "a C++ compiler, for RocksDB; Debian: apt-get install g++"
  if ! has_libclang; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      echo "installing libclang-dev, which RocksDB's bindings are made with"
      { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install libclang-dev; } >/dev/null
    else
      missing "libclang (for RocksDB's bindings; Debian: apt-get install libclang-dev)"
    fi
  fi
}
