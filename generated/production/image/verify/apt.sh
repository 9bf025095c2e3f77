#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: verifies packages and updates.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Packages and their updates, as apt, dpkg and unattended-upgrades decide it.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

# A setting of apt, after all its files.
apt_setting() {
  local value=
  eval "$(apt-config shell value "$1")"
  printf '%s' "$value"
}

# A switch of apt is off, or nobody says anything of it.
apt_is_off() {
  local key
  for key in "$@"; do
    is_one_of "$(apt_setting "$key" | tr '[:upper:]' '[:lower:]')" '' 0 no false without off disable ||
      fail "apt: $key is $(apt_setting "$key")"
  done
}

apt_is() {
  local key=$1 found
  shift
  found=$(apt_setting "$key")
  is_one_of "$found" "$@" || fail "apt: $key is ${found:-not set}, and not $1"
}

# What apt makes of its sources: `trusted` and the address of each index.
try_sources() {
  apt-get indextargets --format '$(TRUSTED) $(ALLOW_INSECURE) $(ALLOW_WEAK) $(ALLOW_DOWNGRADE_TO_INSECURE) $(SIGNED_BY) $(RELEASE) $(REPO_URI)'
}

# The words of every source, of either format, that switch signatures off.
unsigned_sources() {
  local file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    [ -f "$file" ] || continue
    grep -HiE '^[[:space:]]*deb(-src)?[[:space:]]+\[[^]]*(trusted|allow-insecure|allow-weak|allow-downgrade-to-insecure)[[:space:]]*=[[:space:]]*(yes|true|with|on|enable|1)' "$file"
    grep -HiE '^(trusted|allow-insecure|allow-weak|allow-downgrade-to-insecure)[[:space:]]*:[[:space:]]*(yes|true|with|on|enable|1)' "$file"
  done
}

# What unattended-upgrades says that it would do, without doing it.
try_upgrades() { unattended-upgrade --dry-run --debug 2>&1; echo "status $?"; }

upgrades() { once upgrades lab try_upgrades; }

# Packages that apt would install if some archive had them: none of these, whatever the archive.
try_candidates() {
  local package folder=/mnt/tmp/archive
  mkdir -p $folder/lists/partial
  for package in "$@"; do
    printf 'Package: %s\nVersion: 999\nArchitecture: all\nMaintainer: nobody\nFilename: ./none.deb\nSize: 1\nSHA256: %064d\nDescription: none\n\n' "$package" 0
  done >$folder/Packages
  printf 'deb [trusted=yes] file:%s ./\n' $folder >$folder/list
  chmod -R a+rX /mnt/tmp/archive
  set -- -o Dir::Etc::SourceList=$folder/list -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists=$folder/lists \
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root -o Acquire::Languages=none
  apt-get "$@" update >/dev/null 2>&1
  apt-cache "$@" policy $(sed -n 's/^Package: //p' $folder/Packages) | awk '/^[^ ]/ { package = $1 } /Candidate:/ { print package $2 }'
}

not_installable() {
  local wrong package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ] || fail "$package is installed"
  done
  wrong=$(lab try_candidates "$@" | grep -v ':(none)$' | head -n1)
  [ -z "$wrong" ] || fail "apt would install $wrong"
  [ "$(lab try_candidates "$@" | grep -c ':(none)$')" = "$#" ] || fail 'apt: what it would install cannot be told'
}

# None of these programs is there.
no_program() {
  local program
  for program in "$@"; do
    [ -z "$(type -P "$program")" ] || fail "$program is there: $(type -P "$program")"
  done
}

# Updates are looked for and installed every day by timers that run, and nothing is left out of them.
updates_install_themselves() {
  local found
  apt_is APT::Periodic::Update-Package-Lists 1 always
  apt_is APT::Periodic::Unattended-Upgrade 1 always
  is_one_of "$(apt_setting APT::Periodic::Enable)" '' 1 || fail "apt: APT::Periodic::Enable is $(apt_setting APT::Periodic::Enable)"
  runs apt-daily.timer apt-daily-upgrade.timer
  runs_only apt-daily-upgrade.service '(/usr)?/lib/apt/apt\.systemd\.daily install'
  runs_only apt-daily.service '(/usr)?/lib/apt/apt\.systemd\.daily update'
  [ -x /usr/bin/unattended-upgrade ] || fail 'unattended-upgrade is not there'
  upgrades | grep -q '^status 0$' || fail "unattended-upgrade: $(upgrades | tail -n2 | head -n1)"
  found=$(upgrades | sed -nE 's/^Initial (blacklist|blacklisted packages): *//p' | grep -v '^$' | head -n1)
  [ -z "$found" ] || fail "unattended-upgrade leaves out $found"
  found=$(upgrades | sed -nE 's/^Initial whitelist[^:]*: *//p' | grep -v '^$' | head -n1)
  [ -z "$found" ] || fail "unattended-upgrade takes nothing but $found"
  [ -z "$(apt_setting Unattended-Upgrade::Update-Days)$(apt-config dump Unattended-Upgrade::Update-Days | sed 1d)" ] || fail 'unattended-upgrade waits for certain days'
  apt_is_off Unattended-Upgrade::OnlyOnACPower_ Unattended-Upgrade::InstallOnShutdown
}

# The origins that updates come from have the one of security updates, a source has it, and no pin keeps them out.
updates_are_of_security() {
  local codename found
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  found=$(upgrades | sed -nE 's/^Allowed origins are: *//p' | tail -n1)
  grep -qE "(origin=Ubuntu,archive=$codename-security|o=Ubuntu,a=$codename-security|origin=Debian,codename=$codename-security|o=Debian,n=$codename-security)" <<<"$found" ||
    fail "unattended-upgrade: it takes updates from ${found:-nowhere}"
  lab apt-get --print-uris update 2>/dev/null | grep -qE "/dists/$codename(-security|/updates)/" || fail "apt: no source has $codename-security"
  found=$(for file in /etc/apt/preferences /etc/apt/preferences.d/*; do
    # What fleet.toml itself names may be kept from replacing what the distribution has.
    [ ! -f "$file" ] || awk -v "hosts=${source_hosts[*]}" 'BEGIN { RS = ""; FS = "\n"; split(hosts, list, " "); for (one in list) own["Pin: origin \"" list[one] "\""] } { pin = ""; of_fleet = 0; for (line = 1; line <= NF; line++) { if ($line in own) of_fleet = 1; if ($line ~ /^Pin-Priority:/) { pin = $line; sub(/^[^:]*: */, "", pin) } } } of_fleet { next } pin != "" && pin + 0 < 500 && !/(^|\n)Package: (telnet inetutils-telnet|apport whoopsie)/ { print $1; exit }' "$file"
  done | head -n1)
  [ -z "$found" ] || fail "apt: a pin keeps back $found"
}

# What needrestart, which runs after updates on Ubuntu, may do to these units: its configuration is Perl, and is run as it
# runs it. A unit may be restarted where no pattern takes it out, or any that fits puts it in.
may_be_restarted() {
  perl -e '
    our %nrconf = (override_rc => {});
    my $main = "/etc/needrestart/needrestart.conf";
    for my $file (-e $main ? $main : sort glob("/etc/needrestart/conf.d/*.conf")) {
      open(my $in, "<", $file) or die "$file: $!\n";
      my $text = do { local $/; <$in> };
      eval "no strict; $text; 1" or die "$file: $@";
    }
    my $rules = $nrconf{override_rc} || {};
    for my $unit (@ARGV) {
      my @fitting = grep { $unit =~ /$_/ } keys %$rules;
      print "$unit\n" if !@fitting || grep { $_ } @$rules{@fitting};
    }' "$@" 2>&1
}

updates_restart_no_worker() {
  local found units=()
  for found in /etc/systemd/system/valet-*.service; do
    units+=("${found##*/}")
  done
  found=$(may_be_restarted "${units[@]}" | head -n3)
  [ -z "$found" ] || fail "needrestart: an update may restart $found"
}

updates_work() {
  local found
  found=$(dpkg --audit)
  [ -z "$found" ] || fail "$found"
  found=$(apt-mark showhold | head -n1)
  [ -z "$found" ] || fail "apt: $found is held back"
  upgrades | grep -qx 'status 0' || fail "unattended-upgrade: $(upgrades | tail -n2 | head -n1)"
}

# No source goes without a signature, and apt is told to take none.
packages_are_signed() {
  local found key
  found=$(unsigned_sources | head -n1)
  [ -z "$found" ] || fail "$found"
  # A key of these vouches for every source that names none.
  packaged >/dev/null
  found=$(find /etc/apt/trusted.gpg /etc/apt/trusted.gpg.d -type f,l -size +0 2>/dev/null | grep -vxFf /mnt/cache/packaged | head -n1)
  [ -z "$found" ] || fail "$found: every source may be signed with it, and no package brought it"
  found=$(lab try_sources | awk '$1 == "yes" { print $NF }' | head -n1)
  [ -z "$found" ] || fail "apt trusts $found without a signature"
  for key in Acquire::AllowInsecureRepositories Acquire::AllowWeakRepositories Acquire::AllowDowngradeToInsecureRepositories APT::Get::AllowUnauthenticated; do
    apt_is_off "$key"
  done
  found=$(apt-config dump | grep -iE '^(APT::Key::gpgv?command|Dir::Bin::gpg|Dir::Bin::sqv|APT::Key::GpgvVerify) "[^"]+"' | grep -vE '"/usr/bin/(gpgv?|sqv)"|"gpgv?"' | head -n1)
  [ -z "$found" ] || fail "apt: signatures are checked by $found"
}
