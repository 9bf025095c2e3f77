#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: lists the packages.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# The installed packages as a CycloneDX document.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

# A value of /etc/os-release, as far as it is a plain word.
os_release() {
  sed -n "s/^$1=//p" /etc/os-release | tr -cd 'a-z0-9.-'
}

# The installed packages as components. Package URLs: https://github.com/package-url/purl-spec
components() {
  dpkg-query --show --showformat '${db:Status-Status}\t${Package}\t${Version}\t${Architecture}\n' |
    sort |
    awk -F '\t' -v vendor="$1" -v distro="$1-$2" '
      function quoted(text,  out, at, letter) {
        out = ""
        for (at = 1; at <= length(text); at++) {
          letter = substr(text, at, 1)
          out = out (letter == "\"" || letter == "\\" ? "\\" letter : letter)
        }
        return "\"" out "\""
      }
      function encoded(text,  out, at, letter) {
        out = ""
        for (at = 1; at <= length(text); at++) {
          letter = substr(text, at, 1)
          out = out (letter ~ /[A-Za-z0-9._~:-]/ ? letter : sprintf("%%%02X", code[letter]))
        }
        return out
      }
      BEGIN {
        for (number = 1; number < 256; number++) code[sprintf("%c", number)] = number
      }
      $1 == "installed" {
        purl = "pkg:deb/" vendor "/" encoded($2) "@" encoded($3) "?arch=" encoded($4) "&distro=" encoded(distro)
        printf "%s    {\n", (count++ ? ",\n" : "")
        printf "      \"type\": \"library\",\n      \"bom-ref\": %s,\n", quoted(purl)
        printf "      \"name\": %s,\n      \"version\": %s,\n      \"purl\": %s,\n", quoted($2), quoted($3), quoted(purl)
        printf "      \"properties\": [{ \"name\": \"valet:architecture\", \"value\": %s }]\n    }", quoted($4)
      }'
}

# A document that is the same for the same packages, whenever and wherever it is written: its serial number is a hash.
bill_of_materials() {
  local system version list hash
  system=$(os_release ID)
  version=$(os_release VERSION_ID)
  list=$(components "$system" "$version") || return 1
  hash=$(printf '%s\n' "$system" "$version" "$list" | sha256sum)
  printf '{\n  "bomFormat": "CycloneDX",\n  "specVersion": "1.5",\n'
  printf '  "serialNumber": "urn:uuid:%s-%s-8%s-8%s-%s",\n' \
    "${hash:0:8}" "${hash:8:4}" "${hash:12:3}" "${hash:15:3}" "${hash:18:12}"
  printf '  "version": 1,\n  "metadata": {\n    "component": {\n'
  printf '      "type": "operating-system",\n      "name": "%s",\n      "version": "%s"\n    }\n  },\n' "$system" "$version"
  printf '  "components": [\n%s\n  ]\n}\n' "$list"
}
