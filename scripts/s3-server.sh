#!/bin/sh
# Starts an S3 server for tests on a free port; see s3-server.py for what it prints.
#   scripts/s3-server.sh DIR    DIR keeps the Python environment that the first run installs
set -eu
cd "$(dirname "$0")"

environment=${1:?usage: scripts/s3-server.sh DIR}
mkdir -p "$environment"
(
    # Test programs may come here side by side.
    flock 9
    cmp -s s3-server-requirements.txt "$environment/installed.txt" && exit 0
    python3 -m venv --clear "$environment/venv" >&2
    "$environment/venv/bin/pip" install --quiet --disable-pip-version-check \
        --requirement s3-server-requirements.txt >&2
    cp s3-server-requirements.txt "$environment/installed.txt"
) 9>"$environment/lock"
exec "$environment/venv/bin/python" s3-server.py
