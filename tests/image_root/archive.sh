#!/usr/bin/env bash
# Makes a package source as somebody's own is: signed, and served by https with a certificate of an authority that nobody
# knows yet.
#
#   archive.sh FOLDER
#
# FOLDER gets ca.pem, expired.pem and leaf.pem, server.pem and server.key, key.asc and other.asc, and the archive in www/.
set -euo pipefail
cd "$1"

authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$2.key" -out "$2.pem" \
    -addext 'keyUsage=critical,keyCertSign' "${@:3}" 2>/dev/null
}
authority 'Orchard authority' ca -days 2
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -keyout server.key -out server.pem \
  -CA ca.pem -CAkey ca.key -days 2 -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE 2>/dev/null
cp server.pem leaf.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=Orchard, long ago' -keyout expired.key -out expired.csr 2>/dev/null
printf 'basicConstraints=critical,CA:TRUE\n' >expired.ext
openssl x509 -req -in expired.csr -signkey expired.key -extfile expired.ext -days -1 -out expired.pem 2>/dev/null

# One package that nobody else has, and one that would replace the distribution's.
mkdir -p www/pool www/dists/noble/main/binary-amd64
package() {
  local folder=packages/$1
  mkdir -p "$folder/DEBIAN" "$folder/usr/share/$1"
  printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: nobody <nobody@orchard.example>\nDescription: for a test\n' "$1" "$2" \
    >"$folder/DEBIAN/control"
  echo "$2" >"$folder/usr/share/$1/version"
  dpkg-deb --root-owner-group --build "$folder" www/pool >/dev/null
}
package orchard-inspector 1.2.3
package hostname 999
cd www
dpkg-scanpackages --multiversion pool >dists/noble/main/binary-amd64/Packages 2>/dev/null
cd dists/noble
{
  printf 'Origin: Orchard\nSuite: noble\nCodename: noble\nDate: %s\nArchitectures: amd64\nComponents: main\nSHA256:\n' "$(LC_ALL=C date -Ru)"
  printf ' %s %s main/binary-amd64/Packages\n' "$(sha256sum <main/binary-amd64/Packages | cut -d ' ' -f 1)" "$(stat -c %s main/binary-amd64/Packages)"
} >Release
cd "$1"

for name in key other; do
  export GNUPGHOME=$1/gpg-$name
  mkdir -m 0700 "$GNUPGHOME"
  gpg --quiet --batch --passphrase '' --quick-gen-key "Orchard $name <packages@orchard.example>" ed25519 sign never 2>/dev/null
  gpg --armor --export >"$name.asc"
  if [ "$name" = key ]; then
    gpg --quiet --batch --clearsign --output www/dists/noble/InRelease www/dists/noble/Release
  fi
  gpgconf --kill all
done
