# shellcheck shell=bash
# Pieces that the scripts share. Sourced, not run; it changes nothing by itself.
# shellcheck disable=SC2034  # constants are for those who source it

# The commonly used public copy of the data set, and the git blob id of its bytes.
readonly PUBLIC_DATA_URL="https://raw.githubusercontent.com/databricks/Spark-The-Definitive-Guide/4ba5601eb9b9aed1d01ab79775e3af228216ff6f/data/retail-data/all/online-retail-dataset.csv"
readonly PUBLIC_DATA_BLOB="d75b9df288cc82f159506aad450ec301462611d1"

# What the package needs to build: SwiftPM asks pkg-config for the C libraries.
readonly BUILD_PACKAGES=(git pkg-config libprotobuf-c-dev libsqlite3-dev libmongoc-dev zlib1g-dev libzip-dev libexpat1-dev libssl-dev
    libnghttp2-dev)
readonly DOWNLOAD_PACKAGES=(ca-certificates curl)
# What the tests need on top: the generators of the wire code and of the Python peer, linters for these scripts and for
# docker-compose.yml, what scripts/check-kernels looks into objects and emulates older processors with, and clients of
# HTTP/2 that are not ours.
readonly TEST_PACKAGES=(sqlite3 protobuf-c-compiler protobuf-compiler python3 python3-venv shellcheck docker-compose binutils
    qemu-user nghttp2-client)
# What builds, runs and counts ours in Benchmarks/, and the peers beside it: Redis, gRPC C++.
readonly COMPARE_PACKAGES=(gcc libc6-dev binutils python3 python3-venv util-linux valgrind)
readonly PEER_PACKAGES=(g++ redis-server sqlite3 libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc)

if [[ -t 1 && -z "${NO_COLOR:-}" && "${TERM:-dumb}" != dumb ]]; then
    readonly BOLD=$'\e[1m' YELLOW=$'\e[33m' PLAIN=$'\e[0m'
else
    readonly BOLD='' YELLOW='' PLAIN=''
fi

header() { printf '\n%s== %s%s\n' "$BOLD" "$*" "$PLAIN"; }
note() { printf '%s\n' "$*"; }
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# --- What has to be installed ------------------------------------------------------------------------------

is_installed() { [[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]; }

# has_candidate PACKAGE: whether the package lists that apt has at hand know it.
has_candidate() { [[ -n "$(apt-cache policy "$1" 2>/dev/null | awk '$1 == "Candidate:" && $2 != "(none)"')" ]]; }

as_root() {
    if [[ "$(id -u)" == 0 ]]; then "$@"; else sudo "$@"; fi
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o DPkg::Lock::Timeout=300 "$@"
}

# install_missing PACKAGE...: installs those that are not there, and says which. Does nothing when all are.
install_missing() {
    local missing=() package stale=false
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        note "This is not Debian or a relative of it, so nothing is installed. Needed, by their Debian names: $*"
        return
    fi
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0

    note "Installing: ${missing[*]}"
    if [[ "$(id -u)" != 0 ]] && ! command -v sudo >/dev/null; then
        fail "not root, and there is no sudo; run as root: apt-get update && apt-get install -y ${missing[*]}"
    fi
    for package in "${missing[@]}"; do
        has_candidate "$package" || stale=true
    done
    if [[ "$stale" == true ]]; then apt_get update; fi
    # Lists that are there may still name versions which the mirror no longer has.
    apt_get install --no-install-recommends "${missing[@]}" ||
        { apt_get update && apt_get install --no-install-recommends "${missing[@]}"; } ||
        fail "apt-get could not install ${missing[*]}; see its message above"
}

# swift_is_new_enough VERSION: 6.2 or newer.
swift_is_new_enough() {
    local major minor
    IFS=. read -r major minor _ <<<"$1"
    [[ "$major" =~ ^[0-9]+$ ]] || return 1
    minor=${minor%%[!0-9]*}
    ((major > 6 || (major == 6 && ${minor:-0} >= 2)))
}

require_swift() {
    local version="" text
    if command -v swift >/dev/null; then
        text=$(swift --version 2>/dev/null) || text=""
        if [[ "$text" =~ Swift\ version\ ([0-9]+(\.[0-9]+)*) ]]; then version=${BASH_REMATCH[1]}; fi
    fi
    if swift_is_new_enough "$version"; then
        note "Swift $version"
        return
    fi
    if [[ -n "$version" ]]; then
        printf 'error: Swift 6.2 or newer is needed; this is Swift %s\n' "$version" >&2
    else
        printf 'error: Swift 6.2 or newer is needed, and there is no swift on the PATH\n' >&2
    fi
    # For the reader's shell to expand, not for this one.
    # shellcheck disable=SC2016
    printf '%s\n' \
        'Get it from https://www.swift.org/install/linux/ (Debian 12, x86_64 or aarch64):' \
        '  curl -O "https://download.swift.org/swiftly/linux/swiftly-$(uname -m).tar.gz"' \
        '  tar zxf "swiftly-$(uname -m).tar.gz" && ./swiftly init' \
        'Then open a new shell and run this again.' >&2
    exit 1
}

# --- The data set ------------------------------------------------------------------------------------------

# git_blob_id FILE: what `git hash-object FILE` says, without git.
git_blob_id() {
    { printf 'blob %s\0' "$(wc -c <"$1" | tr -d ' ')" && cat "$1"; } | sha1sum | cut -d ' ' -f 1
}

# fetch_checked URL BLOB FILE: downloads FILE, and checks its bytes by their git blob id before they get that name.
# Status 1: it could not be had. Status 2: it is not what it should be. Either leaves nothing behind.
fetch_checked() (
    set +e
    local url=$1 expected=$2 file=$3 partial progress curl actual
    mkdir -p "$(dirname "$file")" || exit 1
    partial=$(mktemp "$(dirname "$file")/.$(basename "$file").partial.XXXXXX") || exit 1
    trap 'rm -f "$partial"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    progress=(--silent --show-error)
    if [[ -t 2 ]]; then progress=(--progress-bar); fi
    # In the background, so that a signal is heard at once and not when curl is done.
    curl "${progress[@]}" --fail --location --proto '=http,https' --connect-timeout 15 --retry 2 \
        --speed-limit 1024 --speed-time 30 --output "$partial" "$url" &
    curl=$!
    trap 'kill "$curl" 2>/dev/null; wait "$curl"; rm -f "$partial"' EXIT
    wait "$curl" || {
        printf 'Could not download %s\n' "$url" >&2
        exit 1
    }
    actual=$(git_blob_id "$partial")
    if [[ "$actual" != "$expected" ]]; then
        printf 'What came from %s is not the data set (git blob id %s, expected %s); it was thrown away\n' \
            "$url" "$actual" "$expected" >&2
        exit 2
    fi
    chmod 644 "$partial" && mv "$partial" "$file"
)

# csv_files PATH: fills the array `data_files` with PATH, or with the CSV files in the folder PATH.
# Status 1 when there is none.
csv_files() {
    data_files=()
    if [[ -f "$1" ]]; then
        data_files=("$1")
    elif [[ -d "$1" ]]; then
        local restore
        restore=$(shopt -p nullglob nocaseglob || true)
        shopt -s nullglob nocaseglob
        data_files=("${1%/}"/*.csv "${1%/}"/*.csv.gz)
        eval "$restore"
    fi
    ((${#data_files[@]}))
}
