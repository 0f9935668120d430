#!/bin/sh
# Make everything that `make run` or `make test` needs, on a machine that has nothing but Python 3.11 or newer.
#   scripts/bootstrap.sh run    what the product needs
#   scripts/bootstrap.sh batch  and what whole populations need: simulations, claims in Parquet
#   scripts/bootstrap.sh ocr    and what reads invoices from photos, beside what the product needs
#   scripts/bootstrap.sh test   and what its tests need: a browser, Chinese fonts, an identity provider on Node
#   scripts/bootstrap.sh bench  and what its benchmarks are measured against: other engines, a C compiler
# What is there already is left alone: a second run takes no time. Packages are installed by hash from the lock files.
set -eu
cd "$(dirname "$0")/.."

kind=${1:-run}
case $kind in
  run) lock=requirements.lock more="batch ocr test bench" ;;
  batch) lock=requirements-batch.lock more="test bench" ;;
  ocr) lock=requirements-ocr.lock more="test bench" ;;
  test) lock=requirements-dev.lock more=bench ;;
  bench) lock=requirements-bench.lock more= ;;
  *) echo "用法：scripts/bootstrap.sh run|batch|ocr|test|bench" >&2; exit 2 ;;
esac

say() { printf '%s\n' "$*" >&2; }
give_up() { say "$@"; exit 1; }

# Behind a proxy with a certificate of its own, the system's store is the one that knows it.
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS-true}" PIP_DISABLE_PIP_VERSION_CHECK=1

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null 2>&1; then sudo "$@"
  else return 127; fi
}

# install_packages PACKAGE…: by apt, as root or through sudo; says what to do where that is not possible.
install_packages() {
  command -v apt-get >/dev/null 2>&1 || give_up "缺少系统软件：$*。请用本机的包管理器装好后再运行一次"
  say "正在装系统软件：$*"
  apt="env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0"
  # shellcheck disable=SC2086 # several words on purpose
  as_root $apt install --no-install-recommends "$@" >/dev/null 2>&1 ||
    { as_root $apt update >&2 && as_root $apt install --no-install-recommends "$@" >&2; } ||
    give_up "没有装上系统软件。请用 root 运行：apt-get install $*"
}

is_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

# A Python of the system comes before one in somebody's home: accounts without access to that home can run it too.
find_python() {
  if [ -n "${PYTHON-}" ]; then
    is_new_enough "$PYTHON" && echo "$PYTHON" && return
    give_up "PYTHON=$PYTHON 不是 Python 3.11 或更新的版本"
  fi
  for folder in /usr/bin /usr/local/bin ""; do
    for name in python3.11 python3.12 python3.13 python3; do
      found=$(command -v "${folder:+$folder/}$name" 2>/dev/null) || continue
      if is_new_enough "$found"; then echo "$found"; return; fi
    done
  done
  give_up "没有找到 Python 3.11 或更新的版本。Debian 12 可以运行 apt-get install python3；装好后再试一次"
}

make_venv() {
  python=$(find_python)
  if ! "$python" -c 'import ensurepip' >/dev/null 2>&1; then
    install_packages "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
  fi
  rm -rf .venv
  "$python" -m venv .venv || give_up "没有建成虚拟环境 .venv，原因见上"
  pwd >.venv/tongban-place
}

install_locked() {
  say "正在装依赖（$lock），第一次要一两分钟…"
  # pip takes uv, uv takes the rest: ten times as fast. Where uv does not run, pip takes everything.
  if .venv/bin/python -m pip install --quiet --require-hashes -r requirements-uv.lock &&
    .venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes "$lock"; then :
  else
    say "uv 没有装成，改用 pip，会慢一些…"
    .venv/bin/python -m pip install --quiet --require-hashes -r "$lock" || give_up "依赖没有装成，原因见上"
  fi
  .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --no-index --editable . ||
    give_up "没有装成 tongban，原因见上"
}

install_browser() {
  if command -v dpkg-query >/dev/null 2>&1; then
    missing=
    for package in chromium chromium-l10n fonts-noto-cjk; do
      is_installed "$package" || missing="$missing $package"
    done
    # shellcheck disable=SC2086 # one word per package
    [ -z "$missing" ] || install_packages $missing
  elif ! command -v chromium >/dev/null 2>&1; then
    give_up "浏览器测试要用 Chromium 和中文字体（Noto CJK）：请用本机的包管理器装好后再运行一次"
  fi
}

# Two benchmarks are measured against loops in C.
install_compiler() { command -v gcc >/dev/null 2>&1 || install_packages gcc libc6-dev; }

# The tests sign people in at a real identity provider, which runs on Node.
install_provider() {
  if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then install_packages nodejs npm; fi
  if [ -z "${NODE_EXTRA_CA_CERTS-}" ] && [ -r /etc/ssl/certs/ca-certificates.crt ]; then
    export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
  fi
  (cd tests/oidc && npm ci --silent) || give_up "没有装成测试用的登录服务（tests/oidc），原因见上"
}

# The stamp says what is installed, so that nothing is asked of pip again until a lock changes or the folder moves.
lock_of() {
  case $1 in run) echo requirements.lock ;; test) echo requirements-dev.lock ;; *) echo "requirements-$1.lock" ;; esac
}
want() {
  provider=
  case $1 in test | bench) provider=tests/oidc/package-lock.json ;; esac
  # shellcheck disable=SC2086 # one file or none
  echo "$1 $(cat requirements-uv.lock "$(lock_of "$1")" $provider pyproject.toml scripts/bootstrap.sh | cksum) $(pwd)"
}
has() { [ -x .venv/bin/python ] && [ "$(cat ".venv/tongban-$1" 2>/dev/null)" = "$(want "$1")" ]; }

# Each kind includes those before it.
for each in $kind $more; do
  if has "$each"; then exit 0; fi
done
if ! is_new_enough .venv/bin/python || [ "$(cat .venv/tongban-place 2>/dev/null)" != "$(pwd)" ]; then make_venv; fi
rm -f .venv/tongban-run .venv/tongban-batch .venv/tongban-ocr .venv/tongban-test .venv/tongban-bench
install_locked
case $kind in test | bench) install_browser; install_provider ;; esac
case $kind in bench) install_compiler ;; esac
want "$kind" >".venv/tongban-$kind"
