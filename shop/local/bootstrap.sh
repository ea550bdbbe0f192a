#!/bin/sh
# Make the project's virtual environments and fill them from the hashed lock files.
#
#   sh shop/local/bootstrap.sh run     .venv with requirements/runtime.txt, and .local/ministack-venv
#   sh shop/local/bootstrap.sh dev     the same, and requirements/dev.txt (tests and checks)
#   sh shop/local/bootstrap.sh mysql   tries requirements/mysql.txt; without a compiler it says so and goes on
#   sh shop/local/bootstrap.sh deploy  .local/deploy-venv with requirements/deploy.txt (CDK, cfn-lint, a Node)
#   sh shop/local/bootstrap.sh bench   .local/bench-venv with requirements/bench.txt (locust, py-spy)
#   sh shop/local/bootstrap.sh doctor  says what this machine has and lacks
#
# A stamp beside each environment holds what was installed (checksum of the lock, version of Python), so that a
# second call costs a few milliseconds. BOOTSTRAP_UV=no leaves uv alone although it is on the PATH.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$root"
venv=.venv
ministack=.local/ministack-venv
deploy=.local/deploy-venv
bench=.local/bench-venv
logs=.local/log
newest_first="python3.14 python3.13 python3.12 python3.11 python3 python"

say() { printf '%s\n' "$*"; }
die() {
    printf 'shop: %s\n' "$*" >&2
    exit 1
}

# Print "MINOR EXECUTABLE" if the command runs and is a CPython that the locks fit.
probe() {
    "$1" -c 'import sys
fits = sys.implementation.name == "cpython" and (3, 11) <= sys.version_info[:2] < (3, 15)
print(sys.version_info[1], getattr(sys, "_base_executable", sys.executable)) if fits else sys.exit(1)' 2>/dev/null
}

has_uv() { [ "${BOOTSTRAP_UV:-yes}" != no ] && uv --version >/dev/null 2>&1; }

# Set $python: the newest that runs and can make a virtual environment.
find_python() {
    python='' best=0 without_venv=''
    for name in $newest_first; do
        found=$(probe "$name") || continue # a shim whose version is not there fails here
        minor=${found%% *} executable=${found#* }
        case $minor in *[!0-9]*) continue ;; esac # not a Python at all
        [ "$minor" -gt "$best" ] || continue
        if has_uv || "$executable" -c 'import ensurepip, venv' 2>/dev/null; then
            best=$minor python=$executable
        else
            without_venv="$without_venv 3.$minor"
        fi
    done
    [ -z "$python" ] || return 0
    if has_uv && python=$(uv python find '>=3.11,<3.15' 2>/dev/null); then return 0; fi
    if [ -n "$without_venv" ]; then
        newest=${without_venv# }
        newest=${newest%% *}
        die "Python $newest has no venv module. Cure on Debian or Ubuntu: sudo apt-get install python$newest-venv"
    fi
    seen=$(python3 --version 2>&1) || seen="no python3 that runs"
    die "needs Python 3.11 to 3.14 on the PATH; found $seen. Cure: sudo apt-get install python3 python3-venv," \
        "or brew install python@3.13, or install uv and run: uv python install 3.13"
}

# make_venv DIRECTORY with|without pip. An environment whose Python no longer runs is made anew.
make_venv() {
    if [ -x "$1/bin/python" ] && probe "$1/bin/python" >/dev/null; then
        # uv makes environments without pip: they need it, or uv still being there.
        if [ "$2" = without ] || [ -x "$1/bin/pip" ] || has_uv; then return 0; fi
    fi
    [ -n "${python:-}" ] || find_python
    say "Making $1 with $("$python" --version)"
    rm -rf "$1"
    if has_uv; then
        uv venv --quiet --no-project --python "$python" "$1" && return 0
    elif [ "$2" = with ]; then
        "$python" -m venv "$1" && return 0
    else
        "$python" -m venv --without-pip "$1" && return 0
    fi
    die "could not make the virtual environment $1. Cure: check the free disk space and that $root is writable"
}

# What must be equal for an installation to count as done.
stamp_of() { printf '%s %s' "$(cksum <"$1")" "$("$2/bin/python" --version)"; }

# installed LOCK VENV: is it there already?
installed() {
    file="$2/.installed-$(basename "$1" .txt)"
    [ -f "$file" ] && [ "$(cat "$file")" = "$(stamp_of "$1" "$2")" ]
}

installer() {
    if has_uv && [ ! -x "$1/bin/pip" ]; then
        say "uv pip install --python $1/bin/python"
    else
        say "$venv/bin/python -m pip --disable-pip-version-check --python $1/bin/python install --progress-bar off"
    fi
}

# progress TITLE: turn an installer's output into a line now and then.
progress() {
    fetched=0
    while IFS= read -r line; do
        case $line in
        Collecting* | Processing*) fetched=$((fetched + 1)) ;;
        *Downloading*MB*) say "  $1: package $fetched, downloading ${line##*Downloading }" ;;
        "Installing collected"*) say "  $1: unpacking $fetched packages" ;;
        Prepared* | Installed* | "Building wheel"*) say "  $1: $line" ;;
        esac
    done
}

# install LOCK VENV [INSTALLER OPTIONS...]; returns 1 and leaves the log if it failed.
install() {
    lock=$1 target=$2
    shift 2
    name=$(basename "$lock" .txt)
    log=$logs/install-$name.log
    say "Installing $lock into $target"
    mkdir -p "$logs"
    rm -f "$log.ok"
    command=$(installer "$target")
    # shellcheck disable=SC2086 # the command is words without spaces in them: all paths are relative
    { PYTHONUNBUFFERED=1 $command --require-hashes "$@" -r "$lock" 2>&1 && : >"$log.ok"; } |
        tee "$log" | progress "$name"
    [ -f "$log.ok" ] || return 1
    rm -f "$log.ok"
    stamp_of "$lock" "$target" >"$target/.installed-$name"
}

# explain LOCK: the one line for an installation that failed.
explain() {
    log=$logs/install-$(basename "$1" .txt).log
    if grep -qiE 'no matching distribution|no solution found|no usable wheels|has no wheels' "$log" &&
        ! grep -qiE 'connection|timed out|resolve host|dns error|request failed' "$log"; then
        die "$1 has no ready-made package for this Python and system ($log). Cure: try another Python from 3.11 to 3.14"
    fi
    die "the packages of $1 could not be installed ($log). Cure: check the internet connection, then run it again"
}

bootstrap_run() {
    make_venv "$venv" with
    make_venv "$ministack" without
    main_is_busy=''
    if ! installed requirements/runtime.txt "$venv"; then
        install requirements/runtime.txt "$venv" --only-binary :all: &
        main_is_busy=$!
    fi
    if ! installed requirements/ministack.txt "$ministack"; then
        install requirements/ministack.txt "$ministack" --only-binary :all: || explain requirements/ministack.txt
    fi
    if [ -n "$main_is_busy" ]; then wait "$main_is_busy" || explain requirements/runtime.txt; fi
}

bootstrap_dev() {
    bootstrap_run
    installed requirements/dev.txt "$venv" && return 0
    install requirements/dev.txt "$venv" --only-binary :all: || explain requirements/dev.txt
}

# mysqlclient is compiled; its headers come from the system's own package manager.
install_mysql_headers() {
    if command -v mysql_config >/dev/null 2>&1 || command -v mariadb_config >/dev/null 2>&1; then
        if command -v cc >/dev/null 2>&1 && command -v pkg-config >/dev/null 2>&1; then return 0; fi
    fi
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then return 0; fi
    say "Installing the compiler and MySQL's headers (apt-get)"
    mkdir -p "$logs"
    DEBIAN_FRONTEND=noninteractive
    export DEBIAN_FRONTEND
    { apt-get update && apt-get install -y --no-install-recommends \
        gcc pkg-config python3-dev default-libmysqlclient-dev; } >"$logs/apt-mysql.log" 2>&1 ||
        say "shop: apt-get failed ($logs/apt-mysql.log)"
}

bootstrap_mysql() {
    make_venv "$venv" with
    installed requirements/mysql.txt "$venv" && return 0
    install_mysql_headers
    install requirements/mysql.txt "$venv" && return 0
    say "shop: mysqlclient could not be compiled ($logs/install-mysql.log). Cure on Debian or Ubuntu:" \
        "sudo apt-get install gcc pkg-config python3-dev default-libmysqlclient-dev; on macOS:" \
        "brew install mysql-client pkg-config"
}

# A program of its own: it shares nothing with the shop's environment but the pip that fills both.
bootstrap_deploy() {
    make_venv "$venv" with
    make_venv "$deploy" without
    installed requirements/deploy.txt "$deploy" && return 0
    install requirements/deploy.txt "$deploy" --only-binary :all: || explain requirements/deploy.txt
}


# The load test's own program: what it brings along must not come near the shop.
bootstrap_bench() {
    make_venv "$venv" with
    make_venv "$bench" without
    installed requirements/bench.txt "$bench" && return 0
    install requirements/bench.txt "$bench" --only-binary :all: || explain requirements/bench.txt
}

case ${1:-run} in
run) bootstrap_run ;;
dev) bootstrap_dev ;;
mysql) bootstrap_mysql ;;
deploy) bootstrap_deploy ;;
bench) bootstrap_bench ;;
doctor)
    find_python
    exec "$python" -m shop.local.doctor
    ;;
*) die "usage: bootstrap.sh run|dev|mysql|deploy|bench|doctor" ;;
esac
