#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: verifies that nothing is in the place of what packages brought.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# What neither a package, nor the image, nor fleet.toml brought, where root or every program would run or read it.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

# Paths that packages brought, one spelling of each: /bin and /lib are links to where they are below /usr.
one_spelling() { sed -E 's#^/usr/(s?bin|lib[^/]*)/#/\1/#'; }
list_packaged() { cat /var/lib/dpkg/info/*.list | one_spelling | sort -u; }
packaged() { once packaged list_packaged; }

# Of the paths that it reads, those that no package and not fleet.toml brought.
foreign() {
  packaged >/dev/null
  FLEET_FILES=$(printf '%s\n' ${fleet_files[@]+"${fleet_files[@]}"}) awk -v known="$CACHE/packaged" '
    BEGIN {
      while ((getline line <known) > 0) packaged[line] = 1
      count = split(ENVIRON["FLEET_FILES"], list, "\n")
      for (one = 1; one <= count; one++) of_fleet[list[one]] = 1
    }
    { path = $0; if (path ~ /^\/usr\/(s?bin|lib[^\/]*)\//) sub(/^\/usr/, "", path); if (!(path in packaged) && !($0 in of_fleet)) print $0 }'
}

# Units of the fleet, its drop-in for a package's, and those that snapd makes for snaps.
of_known_units() {
  grep -E '^/etc/systemd/system/(valet-(adspower|boot-log|configure|novnc|orders|runtime|vnc|worker|xvfb)\.service|valet-browsers\.slice|valet-orders\.path|amazon-cloudwatch-agent\.service\.d/50-valet\.conf|snap-[^/]*\.mount|snap\.[^/]*)$'
}

# Files of units and their drop-ins, wherever systemd looks for them on a disk. A link is what it leads to.
foreign_units() {
  local file
  for file in /etc/systemd /usr/local/lib/systemd /usr/lib/systemd; do
    find "$file"/{system,user} "$file"/{system,user}.{control,attached} ! -type d 2>/dev/null
  done | foreign | while read -r file; do
    if [ -L "$file" ]; then file=$(readlink -f "$file"); fi
    [ ! -f "$file" ] || printf '%s\n' "$file"
  done | sort -u | foreign | { of_known=$(cat); grep -vxFf <(of_known_units <<<"$of_known"; echo /) <<<"$of_known"; } | grep .
}

# What the drop-in of the CloudWatch agent says besides that it waits for its configuration.
more_than_a_condition() {
  grep -vsxE '\[Unit\]|# .*|ConditionPathExists=/opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent\.json' \
    /etc/systemd/system/amazon-cloudwatch-agent.service.d/50-valet.conf
}

# Programs and libraries of packages that are not as their package brought them.
changed_programs() {
  local diverted
  diverted=$(dpkg-divert --list | sed -nE 's/^(local )?diversion of ([^ ]+) to .*/\2/p')
  (
    cd / || exit
    cat /var/lib/dpkg/info/*.md5sums | grep -E '  (usr/)?(s?bin/|libexec/|share/ca-certificates/|lib[^/]*/.*(\.so(\.[0-9.]+)?|/systemd/[^ ]*)$)' |
      grep -vFf <(printf '%s\n' ${diverted:-/} | sed 's#^/#  #; s/^  $/  \//') |
      md5sum --check --quiet 2>/dev/null | sed -n 's/: FAILED$//p'
  )
}

# Programs that take the place of a package's: they stand earlier on PATH. Node.js of the payload is one that is meant to.
foreign_programs() {
  local file
  find /usr/bin /usr/sbin /usr/lib -xdev -type f \( -path '/usr/*bin/*' -o -name '*.so' -o -name '*.so.*' \) 2>/dev/null | foreign
  packaged >/dev/null
  find /usr/local/bin /usr/local/sbin /usr/local/lib -xdev \( -path '*bin/*' -o -name '*.so*' \) ! -type d 2>/dev/null | foreign |
    awk -v known="$CACHE/packaged" '
      BEGIN { while ((getline line <known) > 0) { name = line; sub(/.*\//, "", name); if (line ~ /^\/(s?bin|lib[^\/]*)\//) taken[name] = 1 } }
      { name = $0; sub(/.*\//, "", name) }
      name ~ /^(node|npm|npx|corepack)$/ { next }
      name in taken || name ~ /^libnss_/ { print }'
}

# Variables by which a program runs what somebody else wrote.
leading_variables='(LD_(PRELOAD|LIBRARY_PATH|AUDIT)|BASH_ENV|PROMPT_COMMAND|PERL5(LIB|OPT|DB)|PYTHON(PATH|STARTUP|HOME|USERBASE)|NODE_(OPTIONS|PATH)|GCONV_PATH|OPENSSL_CONF)'

nothing_leads_programs_away() {
  local found
  [ ! -s /etc/ld.so.preload ] || fail "/etc/ld.so.preload: every program loads $(head -n1 /etc/ld.so.preload)"
  found=$(grep -HsE "^[^#]*\\b$leading_variables\\b" /etc/environment /etc/environment.d/* /etc/security/pam_env.conf /etc/default/* | head -n1)
  [ -z "$found" ] || fail "$found"
  found=$(configured systemd/system.conf Manager DefaultEnvironment)$(configured systemd/system.conf Manager ManagerEnvironment)
  [[ ! $found =~ $leading_variables ]] || fail "system.conf: $found"
  found=$(units | awk -F '\t' '$2 == "Environment" { print $1 ": " $3 }' | grep -E ": $leading_variables=" | head -n1)
  [ -z "$found" ] || fail "$found"
  found=$(in_every_shell "env | grep -E '^$leading_variables=' || true" | grep . | head -n1)
  [ -z "$found" ] || fail "a shell has $found"
}

# Images and mounts that would be laid over this system.
nothing_is_laid_over() {
  local found
  found=$(find /etc/extensions /run/extensions /var/lib/extensions /usr/lib/extensions /usr/local/lib/extensions \
    /run/confexts /var/lib/confexts /usr/lib/confexts /usr/local/lib/confexts -mindepth 1 -maxdepth 1 2>/dev/null | head -n1)
  [ -z "$found" ] || fail "$found: systemd would lay it over this system"
  found=$(grep -hvE '^[[:space:]]*(#|$)' /etc/fstab 2>/dev/null | awk '
    $2 ~ /^\/(etc|usr|opt|lib[^\/]*|s?bin|root|srv)(\/|$)/ || $2 ~ /^\/var\/(lib|spool)(\/|$)/ || $3 == "overlay" { print; next }
    $4 ~ /(^|,)r?bind(,|$)/ && $1 != $2 { print }' | head -n1)
  [ -z "$found" ] || fail "/etc/fstab: $found"
}

# What systemd-tmpfiles would write at each boot where root or every program reads it, by files that no package brought.
foreign_tmpfiles() {
  local file
  find /etc/tmpfiles.d /usr/local/lib/tmpfiles.d /usr/lib/tmpfiles.d -name '*.conf' ! -type d 2>/dev/null | foreign |
    grep -vx /etc/tmpfiles.d/valet.conf | while read -r file; do
    grep -lE '^[[:space:]]*[a-zA-Z]+[-+!=~^$]*[[:space:]]+"?/(etc|usr|opt|proc|sys|root|boot|lib[^/]*|s?bin|dev|var/spool|var/lib/cloud)/' "$file"
  done
}

# Libraries that every program loads which looks up a name, and modules of PAM from elsewhere.
foreign_modules() {
  grep -rhsE '^[^#]*[[:space:]]/[^[:space:]]*\.so' /etc/pam.d | grep -oE '/[^[:space:]]*\.so' | foreign
}

nothing_is_foreign() {
  local found
  found=$(foreign_units | head -n3)
  [ -z "$found" ] || fail "a unit that no package brought: $found"
  while read -r found; do
    [ ! -e "/etc/systemd/system/$found" ] || unit_is_as_made "$found"
  done < <(expected_units | cut -d' ' -f3)
  found=$(more_than_a_condition | head -n1)
  [ -z "$found" ] || fail "50-valet.conf of amazon-cloudwatch-agent.service: $found"
  found=$(foreign_programs | head -n3)
  [ -z "$found" ] || fail "a program that no package brought, in the place of one: $found"
  found=$(changed_programs | head -n3)
  [ -z "$found" ] || fail "not as its package brought it: $found"
  found=$(foreign_tmpfiles | head -n3)
  [ -z "$found" ] || fail "systemd-tmpfiles would write what no package brought: $found"
  found=$(foreign_modules | head -n3)
  [ -z "$found" ] || fail "PAM loads what no package brought: $found"
}

# The certificates in the files whose names it reads, a line each.
read_certificates() {
  xargs -0 -r perl -0777 -ne 'while (/-----BEGIN (?:TRUSTED )?CERTIFICATE-----(.*?)-----END/sg) { my $text = $1; $text =~ s/\s//g; print "$text\n" }'
}

# Whoever a program trusts by the system's own list is there by a package or by fleet.toml.
authorities_are_listed() {
  local name own=() found folder=/usr/local/share/ca-certificates
  for name in ${certificates[@]+"${certificates[@]}"}; do own+=("$folder/fleet-$name.crt"); done
  found=$(find $folder /usr/share/ca-certificates ! -type d 2>/dev/null | foreign | grep -vxFf <(printf '%s\n' ${own[@]+"${own[@]}"} /) | head -n3)
  [ -z "$found" ] || fail "$found"
  [ -d /etc/ssl/certs ] || return 0
  # A package makes this one for the host itself, and nobody trusts it.
  found=$(find -L /etc/ssl/certs -type f ! -name ssl-cert-snakeoil.pem -print0 | read_certificates | sort -u |
    grep -cvxFf <(find /usr/share/ca-certificates -name '*.crt' -print0 | read_certificates; printf '%s\0' ${own[@]+"${own[@]}"} | grep -z . | read_certificates; echo /))
  [ "$found" = 0 ] || fail "/etc/ssl/certs: $found certificates that no package and not fleet.toml brought"
}
