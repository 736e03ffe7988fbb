#!/bin/sh
# Checks that this machine has what the build needs, and as root installs what is missing.
#   scripts/setup.sh run    what `make run` and `make build` need
#   scripts/setup.sh test   that and what `make test` needs
# Says nothing when everything is there.
set -eu
cd "$(dirname "$0")/.."

mode=${1:-}
case $mode in
run | test) ;;
*)
    echo "usage: scripts/setup.sh run|test" >&2
    exit 2
    ;;
esac

packages="" # Debian packages to install
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo "
problems="" # what no package of this system brings, one line each

have() { command -v "$1" >/dev/null 2>&1; }
package() { packages="$packages $1"; }
problem() { problems="$problems
  $1"; }

# at_least HAVE WANT: compares dotted versions.
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# The newest version apt could install, without epoch; empty where it knows none.
candidate() {
    have apt-cache || return 0
    apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: *\([0-9]*:\)\{0,1\}\([0-9][^ ]*\)$/\2/p'
}

check_tools() {
    have git || package git
    have make || package make
    have cc || package build-essential
    if [ "$mode" = test ]; then
        have curl || package curl
        have valgrind || package valgrind # counts the instructions of the message path
        have turnserver || package coturn # relays calls between networks
        # makes the S3 server for tests, which pip installs below the build's directory
        python3 -c 'import ensurepip, venv' 2>/dev/null || package python3-venv
        have chromium || have chromium-browser || package chromium
        has_font 'NotoSansCJK*' || package fonts-noto-cjk
        has_font 'NotoColorEmoji*' || package fonts-noto-color-emoji
    fi
}

has_font() {
    for file in /usr/share/fonts/*/$1 /usr/share/fonts/*/*/$1; do
        [ ! -e "$file" ] || return 0
    done
    return 1
}

check_rust() {
    want=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    install="curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y"
    update="rustup update stable && rustup default stable"
    if ! have cargo; then
        problem "cargo (Rust $want or newer) is missing: $install, then start a new shell"
        return
    fi
    found=$(cargo --version 2>/dev/null | cut -d ' ' -f 2) || found=""
    if [ -z "$found" ]; then
        problem "cargo does not start: $update"
    elif ! at_least "$found" "$want"; then
        have rustup || update=$install
        problem "cargo $found is too old, Rust $want or newer is needed: $update"
    elif [ "$mode" = test ]; then
        cargo fmt --version >/dev/null 2>&1 || problem "rustfmt is missing: rustup component add rustfmt"
        cargo clippy --version >/dev/null 2>&1 || problem "clippy is missing: rustup component add clippy"
    fi
}

check_node() {
    want=20.19 # the page's build tool asks for it
    found=""
    if have node; then
        found=$(node --version 2>/dev/null | sed 's/^v//') || found=""
    fi
    if [ -n "$found" ] && at_least "$found" "$want"; then
        have npm || package npm
        return
    fi
    offered=$(candidate nodejs)
    if [ -n "$offered" ] && at_least "$offered" "$want"; then
        package nodejs
        package npm
    else
        problem "node ${found:-(missing)}: Node $want or newer is needed, and this system's packages do not bring it: curl -fsSL https://deb.nodesource.com/setup_22.x | ${sudo}bash - && ${sudo}apt-get install -y nodejs"
    fi
}

check_all() {
    packages=""
    problems=""
    check_tools
    check_rust
    check_node
}

complain() {
    echo "This machine lacks something that 'make $mode' needs." >&2
    if [ -n "$packages" ]; then
        echo "Install with: ${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends$packages" >&2
    fi
    [ -z "$problems" ] || echo "By hand:$problems" >&2
    exit 1
}

check_all
[ -n "$packages$problems" ] || exit 0

# Only root may install, and only where there is apt.
[ -z "$sudo" ] || complain
have apt-get || complain

export DEBIAN_FRONTEND=noninteractive
# A fresh machine knows no package versions before this, so Node is judged again after it.
echo "Looking up packages (apt-get update) ..."
apt-get update -qq || complain
check_all
if [ -n "$packages" ]; then
    echo "Installing:$packages"
    # shellcheck disable=SC2086 # a list of words
    apt-get install -o DPkg::Lock::Timeout=120 -y -qq --no-install-recommends $packages >/dev/null || complain
    check_all
fi
[ -z "$packages$problems" ] || complain
