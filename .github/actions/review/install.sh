#!/usr/bin/env bash
# Downloads one release of valet-gen, holds it against its checksum, and puts it on the PATH of later steps.
# Reads VERSION, SHA256 (may be empty) and REPOSITORY.
set -euo pipefail

fail() {
    echo "::error title=valet-gen::$*"
    exit 1
}

[[ $VERSION =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || fail "version is not a version such as 0.1.0"
[[ $REPOSITORY =~ ^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$ ]] || fail "repository is not OWNER/NAME"
[[ $SHA256 =~ ^([0-9a-f]{64})?$ ]] || fail "sha256 is not a SHA-256 in lower-case digits"

case "$(uname -s)-$(uname -m)" in
Linux-x86_64) architecture=x86_64 ;;
Linux-aarch64) architecture=aarch64 ;;
*) fail "there is no archive for $(uname -s) on $(uname -m): use a Linux runner" ;;
esac

archive=valet-gen-$VERSION-$architecture-linux.tar.gz
server=${GITHUB_SERVER_URL:-https://github.com}
folder=$(mktemp -d "${RUNNER_TEMP:-/tmp}/valet-gen.XXXXXX")
download() {
    curl --proto '=https' --tlsv1.2 --fail --silent --show-error --location --retry 3 \
        --output "$folder/$1" "$server/$REPOSITORY/releases/download/v$VERSION/$1" ||
        fail "$1 of release v$VERSION cannot be downloaded from $REPOSITORY"
}

download "$archive"
if [ -n "$SHA256" ]; then
    echo "$SHA256  $archive" >"$folder/$archive.sha256"
else
    download "$archive.sha256"
fi
(cd "$folder" && sha256sum --check --strict --quiet "$archive.sha256") || fail "$archive has another checksum"
tar --extract --gzip --file "$folder/$archive" --directory "$folder" --no-same-owner
echo "$folder/valet-gen-$VERSION-$architecture-linux" >>"$GITHUB_PATH"
