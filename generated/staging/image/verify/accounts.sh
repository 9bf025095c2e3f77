#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: verifies accounts, passwords and shells.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Accounts, passwords and shells, as the programs decide it that use them.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

# Nobody gets a command run with the shell of this account, and nobody has a password that opens it.
cannot_log_in() {
  local account=$1 shell
  shell=$(getent passwd "$account" | cut -d: -f7) || fail "there is no account $account"
  is_one_of "$shell" /usr/sbin/nologin /sbin/nologin /bin/false /usr/bin/false /bin/sync /usr/bin/sync ||
    fail "$account: its shell is ${shell:-/bin/sh}"
  [ "$(setpriv --reuid=65534 --regid=65534 --clear-groups "$shell" -c 'echo in' 2>/dev/null | tail -n1)" != in ] ||
    fail "$account: its shell $shell runs commands"
}

# The password of an account is locked.
is_locked() {
  [ "$(passwd -S "$1" | cut -d' ' -f2)" = L ] || fail "$1: it has a password: $(passwd -S "$1")"
}

# What PAM makes of passwords, with an account that ends with the trial: `word=value` lines.
try_passwords() {
  local good='Kq9!vLm2#xTz7wB' other='Wd4%hRy8&nJc5sP' number
  takes() { echo "trial:$1" | chpasswd >/dev/null 2>&1 && echo yes || echo no; }
  useradd --no-create-home --home-dir / --shell /bin/sh trial
  printf 'short=%s\n' "$(takes 'Kq9!vL2#')"
  printf 'one-class=%s\n' "$(takes 'kqtvlmzxwbrygh')"
  printf 'no-digit=%s\n' "$(takes 'Kqv!vLmx#xTzgwB')"
  printf 'dictionary=%s\n' "$(takes 'Misunderstanding9_')"
  printf 'good=%s\n' "$(takes "$good")"
  printf 'hash=%s\n' "$(getent shadow trial | cut -d: -f2 | cut -c1-3)"
  # PAM has no part in this one: the program reads /etc/login.defs.
  groupadd trials && echo "trials:$good" | chgpasswd >/dev/null 2>&1
  printf 'group-hash=%s\n' "$(getent gshadow trials | cut -d: -f2 | cut -c1-3)"
  printf 'again=%s\n' "$(takes "$good")"
  for number in 1 2 3 4; do takes "$other$number" >/dev/null; done
  printf 'later=%s\n' "$(takes "$good")"
  printf 'age=%s\n' "$(getent shadow trial | cut -d: -f4,5,7)"
  printf 'umask=%s\n' "$(umask 0; su -s /bin/sh nobody -c umask 2>/dev/null </dev/null | tail -n1)"
}

passwords() { once passwords lab try_passwords; }

# What the trial of passwords came to.
password_is() {
  local word=$1 expected=$2 found
  found=$(passwords | sed -n "s/^$word=//p")
  [ "$found" = "$expected" ] || fail "a password is tried: $word is ${found:-nothing}, and not $expected"
}

# An account that is guessed at: whether it is still open after so many wrong passwords, and to an empty one.
try_guesses() {
  local password='Kq9!vLm2#xTz7wB' number
  printf 'auth include common-auth\naccount include common-account\nsession required pam_permit.so\n' >/etc/pam.d/su
  for number in guessed blank known; do
    useradd --no-create-home --home-dir / --shell /bin/sh "$number"
    usermod --password "$(perl -e 'print crypt($ARGV[0], q($6$abcdefgh$))' "$password")" "$number"
  done
  usermod --password '' blank
  mkdir -p /run/faillock
  guess() { setpriv --reuid=65534 --regid=65534 --clear-groups su "$1" -c 'echo in' 2>/dev/null <<<"$2" | grep -qx in; }
  guess known "$password" && echo known=open
  guess blank '' && echo blank=open
  guess known '' && echo anything=open
  guess known wrong && echo anything=open
  for number in 1 2 3 4; do guess guessed "wrong$number" & done
  wait
  if guess guessed "$password"; then echo guessed=open; else echo guessed=locked; fi
  printf 'unlock=%s\n' "$(sed -nE 's/^[[:space:]]*unlock_time[[:space:]]*=[[:space:]]*//p' /etc/security/faillock.conf | tail -n1)"
}

guesses() { once guesses lab try_guesses; }

# What a shell has in a variable, or says of its umask, whichever way it is started.
in_every_shell() {
  local command=$1
  lab bash -c '
    cd /
    useradd --no-create-home --home-dir /tmp --shell /bin/bash trial >/dev/null 2>&1
    for flags in -lc -ic -lic; do
      setpriv --reuid=trial --regid=trial --clear-groups env -i HOME=/tmp USER=trial PATH="$PATH" \
        bash "$flags" "umask 0 2>/dev/null; $1" </dev/null 2>/dev/null | tail -n1
    done' shells "$command"
}

# The umask of each shell, started with none.
shell_umasks() {
  lab bash -c '
    cd /
    useradd --no-create-home --home-dir /tmp --shell /bin/bash trial >/dev/null 2>&1
    umask 0
    for flags in -lc -ic -lic; do
      setpriv --reuid=trial --regid=trial --clear-groups env -i HOME=/tmp USER=trial PATH="$PATH" \
        bash "$flags" umask </dev/null 2>/dev/null | tail -n1
    done'
}

# The hard limit of core dumps that a session of this account gets.
core_limit() {
  lab bash -c '
    : >/etc/pam.d/common-session
    su -s /bin/sh "$1" -c "ulimit -Hc" </dev/null 2>/dev/null | tail -n1' limit "$1"
}

guesses_are() { guesses | grep -qx "$1" || fail "an account is guessed at: it is not $1, but $(guesses | grep "^${1%=*}=" | head -n1)"; }
guesses_are_not() { ! guesses | grep -qx "$1" || fail "an account is guessed at: $1"; }

# A lock lasts for so many seconds at least, or until somebody opens it.
lockout_lasts() {
  local found
  found=$(guesses | sed -n 's/^unlock=//p')
  [ "$found" = 0 ] || [ "$found" = never ] || [ "${found:-600}" -ge "$1" ] || fail "an account is guessed at: it is locked for ${found:-600} s"
}

# A new account's password: days until it may be changed, and until it has to be.
passwords_age() {
  local least most
  IFS=, read -r least most _ < <(passwords | sed -n 's/^age=//p' | tr ':' ',')
  [ "${least:-0}" -ge "$1" ] && [ "${most:-99999}" -le "$2" ] || fail "a new account's password may be changed after ${least:-0} days and has to be after ${most:-99999}"
}

passwords_lapse() {
  local found
  found=$(passwords | sed -n 's/^age=//p' | tr ':' ',' | cut -d, -f3)
  [ -n "$found" ] && [ "$found" -ge 0 ] && [ "$found" -le "$1" ] || fail "a new account with an old password stays open for ${found:-ever} days"
}

# Hashes are for root and for a group that nobody is in, copies among them.
shadow_is_private() {
  local file members
  mode_is '640 root shadow' /etc/shadow /etc/gshadow
  for file in /etc/*shadow* /var/backups/*shadow*; do
    [ ! -f "$file" ] || [ -z "$(find "$file" -perm /0137)" ] || fail "$file: $(stat --format '%a %U %G' "$file")"
  done
  members=$(getent group shadow | cut -d: -f4)
  [ -z "$members" ] || fail "the group shadow has members: $members"
  members=$(getent passwd | awk -F: -v group="$(getent group shadow | cut -d: -f3)" '$4 == group { print $1 }')
  [ -z "$members" ] || fail "the group shadow is the group of $members"
  # Locks that a boot removes are of other names.
  members=$(tmpfiles_lines | awk '$1 !~ /^[xX]/ && ($2 ~ /^\/etc\/(g?shadow|sudoers|sudoers\.d(\/.*)?)$/ || $2 ~ /^\/etc\/[^\/]*[*?[]/ || ($1 ~ /^[ZRmATH]/ && $2 ~ /^\/etc\/?$/)) { print }' | head -n1)
  [ -z "$members" ] || fail "systemd-tmpfiles would change it at a boot: $members"
}

cron_is_private() {
  local folder
  for folder in cron.d cron.hourly cron.daily cron.weekly cron.monthly; do
    [ ! -e "/etc/$folder" ] || mode_is '700 root root' "/etc/$folder"
  done
  [ ! -e /etc/crontab ] || mode_is '600 root root' /etc/crontab
}

only_root_has_jobs() {
  local list found account
  for list in /etc/cron.allow /etc/at.allow; do
    [ "$(stat --format '%a %U %s' "$list" 2>/dev/null)" = '640 root 0' ] || fail "$list: $(stat --format '%a %U, %s bytes' "$list" 2>&1)"
  done
  for account in nobody "$runtime_user" "$adspower_user"; do
    ! setpriv --reuid="$account" --regid="$(id -g "$account")" --clear-groups crontab -l >/mnt/tmp/jobs 2>&1 && grep -q 'not allowed' /mnt/tmp/jobs || fail "$account may have jobs"
  done
  found=$(find /var/spool/cron /var/spool/at -type f ! -user root ! -name '.SEQ' ! -name '.placeholder' 2>/dev/null | head -n1)
  [ -z "$found" ] || fail "there is a job: $found"
  found=$(find /var/spool/cron/crontabs -type f ! -name root 2>/dev/null | head -n1)
  [ -z "$found" ] || fail "there is a job: $found"
  found=$(cat /etc/crontab /etc/cron.d/* 2>/dev/null | grep -E '^[[:space:]]*([0-9*@])' | awk '{ user = $1 ~ /^@/ ? $2 : $6 } user != "root" { print }' | head -n1)
  [ -z "$found" ] || fail "there is a job of another user: $found"
}

# An account has one group, which is its own, and no capability of a session.
is_unprivileged() {
  local account=$1 group
  [ "$(id -u "$account")" -gt 0 ] || fail "$account has the user id 0"
  group=$(id -ng "$account")
  [ "$(id -nG "$account")" = "$group" ] || fail "$account is in $(id -nG "$account")"
  [ "$group" = "$account" ] && [ "$(id -g "$account")" -ge 1000 ] || fail "$account is in $group"
  [ "$(getent passwd | awk -F: -v id="$(id -u "$account")" '$3 == id' | wc -l)" = 1 ] || fail "$account shares its user id"
  ! grep -qsE "^[^#]*\\b$account\\b" /etc/security/capability.conf || fail "$account gets capabilities"
  changes_nothing_of_root "$account"
}

# Nothing that root runs or reads can be changed by an account: not as its owner, by its group or by a list.
changes_nothing_of_root() {
  local account=$1 found
  found=$(find /etc /usr /opt /boot /root -xdev ! -type l \( -user "$account" -o -group "$(id -ng "$account")" -perm /020 \) 2>/dev/null |
    grep -vxFf <(printf '%s\n' ${fleet_files[@]+"${fleet_files[@]}"} /) | head -n3)
  [ -z "$found" ] || fail "$account may change $found"
  found=$(once access-lists bash -c 'ls -lAR /etc /opt /root /usr/local /usr/bin /usr/sbin /usr/lib/systemd 2>/dev/null | grep -E "^.{10}\+" | head -n1')
  [ -z "$found" ] || fail "an access control list lets somebody in: $found"
}

# systemd-sysusers, which runs at each boot, makes no second superuser.
no_superuser_is_made() {
  local found
  found=$(systemd-sysusers --cat-config 2>/dev/null | awk '$1 ~ /^u!?$/ && $2 != "root" && $3 ~ /^"?0+(:|"?$)/ { print $2; exit }')
  [ -z "$found" ] || fail "systemd-sysusers would make the superuser $found"
}

# No account has an empty password, in either file, and none has the hash of one.
no_empty_passwords() {
  local found
  found=$({ getent passwd; cat /etc/passwd; } | awk -F: '$2 == "" { print $1 }' | head -n1)
  [ -z "$found" ] || fail "$found has an empty password"
  found=$({ getent shadow; cat /etc/shadow; } | perl -F: -ane 'chomp @F; next if $F[1] =~ /^[!*]/; print "$F[0]\n" if $F[1] eq "" || crypt("", $F[1]) eq $F[1]' | head -n1)
  [ -z "$found" ] || fail "$found has an empty password"
}

system_accounts_cannot_log_in() {
  local account
  while read -r account; do
    cannot_log_in "$account"
  done < <({ getent passwd; cat /etc/passwd; } | awk -F: '$3 > 0 && $3 < 1000 { print $1 }' | sort -u)
}

# What PAM gives a session that comes with none, and what new homes get.
umask_is_private() {
  local found
  found=$(passwords | sed -n 's/^umask=//p')
  [ -n "$found" ] && [ $((8#$found & 8#007)) = 7 ] || fail "a session gets the umask ${found:-none}"
  found=$(sed -nE 's/^UMASK[[:space:]]+//p' /etc/login.defs | tail -n1)
  [[ $found =~ ^[0-7]+$ ]] && [ $((8#$found & 8#027)) = $((8#027)) ] || fail "login.defs: UMASK is ${found:-not set}"
  [ "$(grep -cE '^UMASK[[:space:]]' /etc/login.defs)" = 1 ] || fail 'login.defs says UMASK twice'
}

# Every shell ends after so many idle seconds at the most, and nobody can say otherwise.
shells_end() {
  local found count=0
  while read -r found; do
    count=$((count + 1))
    [[ $found =~ ^[0-9]+\ declare\ -[a-z]*r ]] && [ "${found%% *}" -ge 1 ] && [ "${found%% *}" -le "$1" ] || fail "a shell ends after: ${found:-never}"
  done < <(in_every_shell 'echo "${TMOUT-never} $(declare -p TMOUT 2>/dev/null)"')
  [ "$count" = 3 ] || fail 'a shell does not start'
}

shells_keep_others_out() {
  local found count=0
  while read -r found; do
    count=$((count + 1))
    [[ $found =~ ^[0-7]+$ ]] && [ $((8#$found & 8#027)) = $((8#027)) ] || fail "a shell has the umask ${found:-none}"
  done < <(shell_umasks)
  [ "$count" = 3 ] || fail 'a shell does not start'
}

# Who comes to a console or by SSH is told that it is recorded, and by nobody what system it is.
banner_is_discreet() {
  local file found
  for file in /etc/issue /etc/issue.net; do
    grep -qE '^Authorized use(r)?s only\.' "$file" || fail "$file does not say it"
  done
  found=$({ agetty --show-issue 2>/dev/null; cat /etc/issue /etc/issue.net /etc/issue.d/*.issue /run/issue.d/*.issue 2>/dev/null; } | grep -iE '\\[vrmsS]|ubuntu|debian|linux|kernel' | head -n1)
  [ -z "$found" ] || fail "a banner names the system: $found"
  [ ! -s /etc/motd ] || fail '/etc/motd is there'
  found=$(find /etc/update-motd.d -type f -perm /0111 2>/dev/null | head -n1)
  [ -z "$found" ] || fail "$found tells what system it is"
}
