#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, environment staging: verifies the image.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# What a check runs is text until the bash that it gets expands it.
# shellcheck disable=SC2016
set -uo pipefail

export LC_ALL=C
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

usage() {
  printf '%s\n' \
    'usage: verify.sh [--format tap|json] [--phase image|host] [--only CONTROL]... [--timeout SECONDS] [--sbom FILE]' \
    '' \
    'Runs the check of every control that this image is made with, as root, and changes nothing.' \
    '' \
    '  --format tap|json   how results are printed: TAP version 13, or one JSON document' \
    '  --phase image|host  image: before the first boot, everything; host: what only holds before is skipped' \
    '  --only CONTROL      this check alone; may be given several times' \
    '  --timeout SECONDS   what a check may take before it has failed, 120 when left out' \
    '  --sbom FILE         writes the installed packages as a CycloneDX 1.5 JSON document as well' \
    '' \
    'Exit codes: 0 all checks hold, 1 some do not, 2 the command line is wrong or FILE cannot be written.'
}

refuse() {
  printf 'verify.sh: %s\n  help: see verify.sh --help\n' "$1" >&2
  exit 2
}

controls=()
titles=()
commands=()
whens=()

# check WHEN CONTROL TITLE COMMAND
check() {
  whens+=("$1")
  controls+=("$2")
  titles+=("$3")
  commands+=("$4")
}

check pristine image.machine-id-blank 'Every instance gets an identity of its own' \
  'test ! -s /etc/machine-id'
check pristine image.no-host-keys 'Every instance makes host keys of its own' \
  '! ls /etc/ssh/ssh_host_*_key >/dev/null 2>&1'
check pristine image.no-authorized-keys 'No key of whoever made the image opens it' \
  '! find /root /home /var/lib -xdev -name authorized_keys -size +0 2>/dev/null | grep -q .'
check pristine image.no-history 'No history of whoever made the image is in it' \
  '! find /root /home -maxdepth 2 -name '\''.*_history'\'' 2>/dev/null | grep -q .'
check pristine image.no-cloud-state 'cloud-init starts from the beginning' \
  'test ! -e /var/lib/cloud/instance && test -z "$(find /var/lib/cloud/instances -mindepth 1 2>/dev/null)"'
check pristine image.no-secrets 'No secret is in the image' \
  '! grep -rIlE '\''AKIA[0-9A-Z]{16}|BEGIN (RSA|OPENSSH|EC) PRIVATE KEY'\'' /etc /opt /root /home /var/lib/cloud /var/lib/valet 2>/dev/null | grep -q .'
check pristine image.logs-empty 'No log of the making is in it' \
  'test -z "$(find /var/log -type f -size +0 ! -name lastlog ! -name faillog 2>/dev/null)"'
check pristine image.services-start 'Services start when the image boots' \
  'test ! -e /usr/sbin/policy-rc.d'
check offline net.novnc-loopback 'noVNC listens on the loopback interface only' \
  'grep -qE '\''^ExecStart=.*127\.0\.0\.1:[0-9]+'\'' /etc/systemd/system/valet-novnc.service'
check offline net.adspower-loopback 'The AdsPower API is reachable from the host only' \
  'grep -qx '\''SocketBindDeny=any'\'' /etc/systemd/system/valet-adspower.service'
check offline os.ssh-no-root 'sshd refuses root' \
  'folder=$(mktemp -d) && trap '\''rm -rf "$folder"'\'' EXIT && ssh-keygen -q -t ed25519 -N '\'''\'' -f "$folder/key" && mkdir -p /run/sshd && settings=$(sshd -T -h "$folder/key" -C user=root,host=h,addr=192.0.2.1) && grep -qx '\''permitrootlogin no'\'' <<<"$settings"'
check offline os.ssh-no-passwords 'sshd refuses passwords' \
  'folder=$(mktemp -d) && trap '\''rm -rf "$folder"'\'' EXIT && ssh-keygen -q -t ed25519 -N '\'''\'' -f "$folder/key" && mkdir -p /run/sshd && settings=$(sshd -T -h "$folder/key" -C user=root,host=h,addr=192.0.2.1) && grep -qx '\''passwordauthentication no'\'' <<<"$settings"'
check offline os.ssh-no-keyboard-interactive 'sshd asks no questions that a password answers' \
  'folder=$(mktemp -d) && trap '\''rm -rf "$folder"'\'' EXIT && ssh-keygen -q -t ed25519 -N '\'''\'' -f "$folder/key" && mkdir -p /run/sshd && settings=$(sshd -T -h "$folder/key" -C user=root,host=h,addr=192.0.2.1) && grep -qx '\''kbdinteractiveauthentication no'\'' <<<"$settings"'
check offline os.ssh-no-empty-passwords 'sshd refuses empty passwords' \
  'folder=$(mktemp -d) && trap '\''rm -rf "$folder"'\'' EXIT && ssh-keygen -q -t ed25519 -N '\'''\'' -f "$folder/key" && mkdir -p /run/sshd && settings=$(sshd -T -h "$folder/key" -C user=root,host=h,addr=192.0.2.1) && grep -qx '\''permitemptypasswords no'\'' <<<"$settings" && grep -qx '\''PermitEmptyPasswords no'\'' /etc/ssh/sshd_config'
check offline os.ssh-no-forwarding 'sshd forwards nothing' \
  'folder=$(mktemp -d) && trap '\''rm -rf "$folder"'\'' EXIT && ssh-keygen -q -t ed25519 -N '\'''\'' -f "$folder/key" && mkdir -p /run/sshd && settings=$(sshd -T -h "$folder/key" -C user=root,host=h,addr=192.0.2.1) && grep -qx '\''disableforwarding yes'\'' <<<"$settings"'
check offline os.ssh-max-auth-tries 'sshd allows four tries to log in' \
  'folder=$(mktemp -d) && trap '\''rm -rf "$folder"'\'' EXIT && ssh-keygen -q -t ed25519 -N '\'''\'' -f "$folder/key" && mkdir -p /run/sshd && settings=$(sshd -T -h "$folder/key" -C user=root,host=h,addr=192.0.2.1) && test "$(sed -n '\''s/^maxauthtries //p'\'' <<<"$settings")" -le 4'
check offline os.ssh-strong-algorithms 'sshd offers no weak cipher, MAC or key exchange' \
  'folder=$(mktemp -d) && trap '\''rm -rf "$folder"'\'' EXIT && ssh-keygen -q -t ed25519 -N '\'''\'' -f "$folder/key" && mkdir -p /run/sshd && settings=$(sshd -T -h "$folder/key" -C user=root,host=h,addr=192.0.2.1) && ! grep -E '\''^(ciphers|macs|kexalgorithms) '\'' <<<"$settings" | grep -qE '\''cbc|3des|arcfour|md5|umac-64|sha1'\'''
check offline os.ssh-login-grace 'sshd waits a minute for a login' \
  'folder=$(mktemp -d) && trap '\''rm -rf "$folder"'\'' EXIT && ssh-keygen -q -t ed25519 -N '\'''\'' -f "$folder/key" && mkdir -p /run/sshd && settings=$(sshd -T -h "$folder/key" -C user=root,host=h,addr=192.0.2.1) && test "$(sed -n '\''s/^logingracetime //p'\'' <<<"$settings")" -le 60'
check offline os.ssh-idle-ends 'sshd ends a session that is silent' \
  'folder=$(mktemp -d) && trap '\''rm -rf "$folder"'\'' EXIT && ssh-keygen -q -t ed25519 -N '\'''\'' -f "$folder/key" && mkdir -p /run/sshd && settings=$(sshd -T -h "$folder/key" -C user=root,host=h,addr=192.0.2.1) && test "$(sed -n '\''s/^clientaliveinterval //p'\'' <<<"$settings")" -gt 0'
check offline os.ssh-no-user-environment 'sshd takes no environment from a user' \
  'folder=$(mktemp -d) && trap '\''rm -rf "$folder"'\'' EXIT && ssh-keygen -q -t ed25519 -N '\'''\'' -f "$folder/key" && mkdir -p /run/sshd && settings=$(sshd -T -h "$folder/key" -C user=root,host=h,addr=192.0.2.1) && grep -qx '\''permituserenvironment no'\'' <<<"$settings" && grep -qx '\''PermitUserEnvironment no'\'' /etc/ssh/sshd_config'
check offline os.ssh-no-host-based 'sshd trusts no host' \
  'folder=$(mktemp -d) && trap '\''rm -rf "$folder"'\'' EXIT && ssh-keygen -q -t ed25519 -N '\'''\'' -f "$folder/key" && mkdir -p /run/sshd && settings=$(sshd -T -h "$folder/key" -C user=root,host=h,addr=192.0.2.1) && grep -qx '\''hostbasedauthentication no'\'' <<<"$settings" && grep -qx '\''ignorerhosts yes'\'' <<<"$settings" && grep -qx '\''HostbasedAuthentication no'\'' /etc/ssh/sshd_config'
check offline os.ssh-config-mode 'Only root reads the configuration of sshd' \
  'test "$(stat -c %a%U%G /etc/ssh/sshd_config)" = 600rootroot'
check offline os.ssh-unit-masked 'sshd does not run' \
  'test "$(systemctl is-enabled ssh.service)" = masked'
check offline os.ssh-sessions-limited 'sshd takes few sessions and few logins at the same time' \
  'folder=$(mktemp -d) && trap '\''rm -rf "$folder"'\'' EXIT && ssh-keygen -q -t ed25519 -N '\'''\'' -f "$folder/key" && mkdir -p /run/sshd && settings=$(sshd -T -h "$folder/key" -C user=root,host=h,addr=192.0.2.1) && grep -qx '\''maxsessions 10'\'' <<<"$settings" && grep -qx '\''maxstartups 10:30:60'\'' <<<"$settings"'
check offline os.ssh-accounts-limited 'sshd lets in neither root nor an account of a program' \
  'folder=$(mktemp -d) && trap '\''rm -rf "$folder"'\'' EXIT && ssh-keygen -q -t ed25519 -N '\'''\'' -f "$folder/key" && mkdir -p /run/sshd && settings=$(sshd -T -h "$folder/key" -C user=root,host=h,addr=192.0.2.1) && for who in root $(sed -n '\''s/^User=//p'\'' /etc/systemd/system/valet-*.service | sort -u); do grep -qx "denyusers $who" <<<"$settings" || exit 1; done'
check offline os.ssh-banner 'sshd tells that sessions are recorded before it asks who it is' \
  'folder=$(mktemp -d) && trap '\''rm -rf "$folder"'\'' EXIT && ssh-keygen -q -t ed25519 -N '\'''\'' -f "$folder/key" && mkdir -p /run/sshd && settings=$(sshd -T -h "$folder/key" -C user=root,host=h,addr=192.0.2.1) && grep -qx '\''banner /etc/issue.net'\'' <<<"$settings"'
check offline os.security-updates 'Security updates install themselves' \
  'apt-config dump | grep -qx '\''APT::Periodic::Unattended-Upgrade "1";'\'''
check offline os.updates-from-security 'Updates come from the archive of security updates' \
  'apt-config dump Unattended-Upgrade::Origins-Pattern Unattended-Upgrade::Allowed-Origins | grep -qi security'
check offline os.updates-work 'Updates can be installed' \
  'test -z "$(dpkg --audit)" && unattended-upgrade --dry-run'
check offline os.updates-no-reboot 'No update reboots a worker' \
  'apt-config dump | grep -qx '\''Unattended-Upgrade::Automatic-Reboot "false";'\'''
check offline os.signed-packages 'Every package is signed' \
  '! grep -rqiE '\''trusted=yes|allow-insecure'\'' /etc/apt/sources.list /etc/apt/sources.list.d && apt-config dump | grep -qx '\''Acquire::AllowInsecureRepositories "false";'\'' && apt-config dump | grep -qx '\''APT::Get::AllowUnauthenticated "false";'\'''
check offline os.unused-services 'Unused services are off' \
  'for service in cups avahi-daemon bluetooth ModemManager rpcbind nfs-server snmpd smbd vsftpd rsync slapd dovecot named dnsmasq squid apache2 nginx xinetd; do test "$(systemctl is-enabled "$service.service" 2>/dev/null)" = masked || exit 1; done'
check offline os.legacy-clients-absent 'Clients that send passwords in clear text are absent' \
  '! dpkg-query -W -f '\''${db:Status-Abbrev} ${Package}\n'\'' telnet nis rsh-client talk tnftp ftp ldap-utils 2>/dev/null | grep -q ^ii && grep -q '\''^Package: telnet '\'' /etc/apt/preferences.d/valet'
check offline os.no-desktop 'No desktop is started' \
  'test "$(systemctl get-default)" = multi-user.target'
check offline os.time-synchronised 'The clock is kept by the time service of EC2' \
  'grep -rqs '\''169\.254\.169\.123'\'' /etc/chrony && systemctl is-enabled -q chrony.service'
check offline os.no-crash-reports 'No crash report leaves the host' \
  '! dpkg-query -W -f '\''${db:Status-Abbrev} ${Package}\n'\'' apport whoopsie 2>/dev/null | grep -q ^ii && grep -q '\''^Package: apport '\'' /etc/apt/preferences.d/valet'
check offline os.runtime-not-root 'The runtime has a user of its own that is not root' \
  'unit_user=$(sed -n '\''s/^User=//p'\'' /etc/systemd/system/valet-runtime.service); test -n "$unit_user" && test "$(id -u "$unit_user")" -ne 0'
check offline os.worker-no-login 'Nobody logs in as the runtime or as AdsPower' \
  'for who in '\''Valet runtime'\'' '\''Valet AdsPower'\''; do grep ":$who:" /etc/passwd | grep -q '\'':/usr/sbin/nologin$'\'' || exit 1; done'
check offline os.worker-unprivileged 'The runtime and AdsPower are in no group that gives power' \
  'for who in '\''Valet runtime'\'' '\''Valet AdsPower'\''; do user=$(grep ":$who:" /etc/passwd | cut -d: -f1); test -n "$user" && test "$(id -nG "$user")" = "$(id -ng "$user")" || exit 1; done'
check offline os.one-superuser 'Only root has the user id 0' \
  'test "$(awk -F: '\''$3 == 0'\'' /etc/passwd)" = "$(grep '\''^root:'\'' /etc/passwd)"'
check offline os.no-empty-passwords 'No account has an empty password' \
  '! awk -F: '\''$2 == ""'\'' /etc/shadow | grep -q .'
check offline os.root-locked 'Nobody logs in as root' \
  'passwd -S root | grep -qE '\''^root L'\'''
check offline os.system-accounts-no-login 'Nobody logs in as a system account' \
  '! awk -F: '\''$3 < 1000 && $3 > 0 && $7 !~ /(nologin|false|sync)$/'\'' /etc/passwd | grep -q .'
check offline os.umask 'New files are not for others' \
  'grep -qE '\''^UMASK[[:space:]]+027'\'' /etc/login.defs'
check offline os.idle-shell-ends 'A shell that is idle ends' \
  'grep -rqE '\''^(readonly |export )?TMOUT=[1-9][0-9]*'\'' /etc/profile.d'
check offline os.shell-umask 'What a shell makes is not for others' \
  'for file in /etc/profile /etc/bash.bashrc; do test "$(sed -nE '\''s/^[[:space:]]*umask[[:space:]]+//p'\'' "$file" | tail -n1)" = 027 || exit 1; done'
check offline os.login-banner 'Whoever logs in is told that it is recorded, and not what system it is' \
  'for file in /etc/issue /etc/issue.net; do grep -qE '\''^Authorized use(r)?s only\.'\'' "$file" && ! grep -qiE '\''\\[vrms]|ubuntu|debian'\'' "$file" || exit 1; done; test ! -e /etc/motd'
check offline os.password-quality 'A new password is long and of every kind of letter' \
  'grep -qE '\''^password[[:space:]]+requisite[[:space:]]+pam_pwquality\.so'\'' /etc/pam.d/common-password && for word in '\''minlen = 14'\'' '\''minclass = 4'\'' '\''dictcheck = 1'\'' '\''enforcing = 1'\'' enforce_for_root; do grep -qx "$word" /etc/security/pwquality.conf || exit 1; done; test -s /var/cache/cracklib/cracklib_dict.pwd'
check offline os.password-history 'A password does not come back' \
  'grep -qE '\''^password[[:space:]]+requisite[[:space:]]+pam_pwhistory\.so remember=24 enforce_for_root'\'' /etc/pam.d/common-password'
check offline os.login-lockout 'An account that is guessed at is locked for a while' \
  'grep -qE '\''^auth[[:space:]]+requisite[[:space:]]+pam_faillock\.so preauth'\'' /etc/pam.d/common-auth && grep -qE '\''^auth[[:space:]]+\[default=die\][[:space:]]+pam_faillock\.so authfail'\'' /etc/pam.d/common-auth && grep -qE '\''^account[[:space:]]+required[[:space:]]+pam_faillock\.so'\'' /etc/pam.d/common-account && grep -qx '\''deny = 4'\'' /etc/security/faillock.conf && grep -qx '\''unlock_time = 900'\'' /etc/security/faillock.conf'
check offline os.no-null-passwords 'An empty password opens nothing' \
  'grep -q '\''pam_unix\.so'\'' /etc/pam.d/common-auth && ! grep -hE '\''^[^#]*nullok'\'' /etc/pam.d/common-* | grep -q .'
check offline os.password-hashing 'Passwords are hashed with yescrypt' \
  'test "$(sed -nE '\''s/^ENCRYPT_METHOD[[:space:]]+//p'\'' /etc/login.defs | tail -n1)" = YESCRYPT'
check offline os.password-age 'A password is changed every year' \
  'test "$(sed -nE '\''s/^PASS_MAX_DAYS[[:space:]]+//p'\'' /etc/login.defs | tail -n1)" = 365 && test "$(sed -nE '\''s/^PASS_MIN_DAYS[[:space:]]+//p'\'' /etc/login.defs | tail -n1)" = 1'
check offline os.inactive-accounts 'An account whose password has run out is locked after a month' \
  'useradd -D | grep -qx INACTIVE=30'
check offline os.sudoers-valid 'The rules of sudo are valid' \
  'visudo -cq'
check offline os.sudo-recorded 'sudo needs a terminal and is recorded' \
  'grep -rqE '\''^Defaults.*use_pty'\'' /etc/sudoers /etc/sudoers.d && grep -rqE '\''^Defaults.*logfile'\'' /etc/sudoers /etc/sudoers.d'
check offline os.sudo-not-for-workers 'Neither the runtime nor AdsPower may use sudo' \
  'for who in '\''Valet runtime'\'' '\''Valet AdsPower'\''; do user=$(grep ":$who:" /etc/passwd | cut -d: -f1); test -n "$user" && grep -qx "$user ALL=(ALL:ALL) !ALL" /etc/sudoers.d/zz-valet || exit 1; done'
check offline os.su-restricted 'Only a named group may use su' \
  'grep -qE '\''^auth[[:space:]]+required[[:space:]]+pam_wheel\.so.*group='\'' /etc/pam.d/su'
check offline os.sudo-asks-again 'sudo forgets after a quarter of an hour that it was given a password' \
  'test "$(cat /etc/sudoers /etc/sudoers.d/* | sed -nE '\''s/^Defaults[[:space:]]+timestamp_timeout=//p'\'' | tail -n1)" = 15'
check offline os.auditd 'Access to sensitive files is recorded' \
  'systemctl is-enabled -q auditd.service'
check offline os.audit-identity 'Changes of accounts are recorded' \
  'for file in passwd shadow group gshadow; do grep -rqE -- "-w /etc/$file -p wa" /etc/audit/rules.d || exit 1; done'
check offline os.audit-privileges 'Changes of who may become root are recorded' \
  'grep -rqE -- '\''-w /etc/sudoers(\.d)?/? -p wa'\'' /etc/audit/rules.d'
check offline os.audit-kernel 'Modules, mounts and changes of the clock are recorded' \
  'grep -rq finit_module /etc/audit/rules.d && grep -rq clock_settime /etc/audit/rules.d && grep -rqE -- '\''-S mount'\'' /etc/audit/rules.d'
check offline os.audit-worker 'Changes of the worker'\''s own files are recorded' \
  'grep -rqE -- '\''-w /opt/valet'\'' /etc/audit/rules.d'
check offline os.audit-immutable 'The rules cannot be changed until the next boot' \
  'tail -qn1 /etc/audit/rules.d/99-finalize.rules | grep -qx -- '\''-e 2'\'''
check offline os.audit-never-halts 'A full record rotates and halts nothing' \
  'grep -qiE '\''^max_log_file_action = ROTATE'\'' /etc/audit/auditd.conf && ! grep -qiE '\''_action = (HALT|SINGLE)'\'' /etc/audit/auditd.conf'
check offline os.audit-files-private 'Only root reads what is recorded and how' \
  '! find /etc/audit -type f \( -path '\''/etc/audit/rules.d/*.rules'\'' -perm /0177 -o \( -name '\''*.rules'\'' -o -name '\''*.conf'\'' \) -perm /0137 \) | grep -q . && test "$(stat -c %a%U%G /var/log/audit)" = 700rootroot'
check offline os.journal-kept 'The journal survives a reboot and does not fill the disk' \
  'test "$(systemd-analyze cat-config systemd/journald.conf | sed -n '\''s/^Storage=//p'\'' | tail -n1)" = persistent && systemd-analyze cat-config systemd/journald.conf | grep -qE '\''^SystemMaxUse='\'''
check offline os.log-modes 'Only root and its group read logs' \
  '! find /var/log -type f -perm /0137 ! -name '\''*tmp'\'' ! -name lastlog ! -name faillog 2>/dev/null | grep -qE '\''auth\.log|syslog|audit'\'' && grep -qx '\''$FileCreateMode 0640'\'' /etc/rsyslog.d/10-valet.conf'
check offline os.log-rotation 'Logs are rotated' \
  'logrotate -d /etc/logrotate.conf && logrotate -d /etc/logrotate.conf 2>&1 | grep -q '\''pattern: /var/log/sudo.log '\'''
check offline os.journal-here 'The journal is compressed and goes to no other log' \
  'settings=$(systemd-analyze cat-config systemd/journald.conf) && for wanted in Compress=yes ForwardToSyslog=no; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done'
check offline os.fail2ban 'Repeated failures to log in are banned' \
  'fail2ban-client -t && systemctl is-enabled -q fail2ban.service'
check offline os.firewall 'The host drops what its own firewall does not list' \
  'systemctl is-enabled -q nftables.service && nft -c -f /etc/nftables.conf'
check offline os.firewall-drops 'What comes in or passes through is dropped' \
  'grep -qE '\''hook input .*policy drop'\'' /etc/nftables.conf && grep -qE '\''hook forward .*policy drop'\'' /etc/nftables.conf'
check offline os.firewall-egress 'Only the listed ports are reached' \
  'grep -qE '\''hook output .*policy drop'\'' /etc/nftables.conf'
check offline os.firewall-metadata 'Neither the runtime nor AdsPower reads the instance metadata' \
  'grep -qE '\''169\.254\.169\.254.*skuid'\'' /etc/nftables.conf'
check offline adspower.connections-watched 'Unexpected connections of AdsPower are noticed' \
  'grep -qE '\''skuid .*log prefix "valet-adspower-denied'\'' /etc/nftables.conf'
check offline os.redirects-off 'No redirect is taken or sent' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in net.ipv4.conf.all.accept_redirects=0 net.ipv4.conf.default.accept_redirects=0 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0 net.ipv4.conf.all.secure_redirects=0 net.ipv4.conf.default.secure_redirects=0 net.ipv6.conf.all.accept_redirects=0 net.ipv6.conf.default.accept_redirects=0; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done'
check offline os.source-routes-off 'No route that a packet brings is followed' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in net.ipv4.conf.all.accept_source_route=0 net.ipv4.conf.default.accept_source_route=0 net.ipv6.conf.all.accept_source_route=0 net.ipv6.conf.default.accept_source_route=0; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done'
check offline os.reverse-path-filter 'Packets with a false source are dropped' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done'
check offline os.syncookies 'A flood of connections does not fill the queue' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in net.ipv4.tcp_syncookies=1; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done'
check offline os.martians-logged 'Impossible packets are logged' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in net.ipv4.conf.all.log_martians=1 net.ipv4.conf.default.log_martians=1; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done'
check offline os.broadcast-pings-ignored 'Broadcast pings and bogus errors are ignored' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in net.ipv4.icmp_echo_ignore_broadcasts=1 net.ipv4.icmp_ignore_bogus_error_responses=1; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done'
check offline os.router-advertisements-off 'No router advertises itself to a worker' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done'
check offline os.rare-protocols-off 'Rare network protocols cannot be loaded' \
  'for module in dccp sctp rds tipc; do modprobe -n -v "$module" 2>&1 | grep -q /bin/false || exit 1; done'
check offline os.forwarding-off 'A worker is no router' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done'
check offline os.aslr 'Addresses are randomised' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in kernel.randomize_va_space=2; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done'
check offline os.ptrace-restricted 'A process traces its children only' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in kernel.yama.ptrace_scope=1; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done'
check offline os.kernel-addresses-hidden 'Addresses and messages of the kernel are hidden' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in kernel.kptr_restrict=2 kernel.dmesg_restrict=1; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done'
check offline os.bpf-restricted 'Only root loads BPF programs' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in kernel.unprivileged_bpf_disabled=1 net.core.bpf_jit_harden=2; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done'
check offline os.kexec-off 'No other kernel is started' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in kernel.kexec_load_disabled=1; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done'
check offline os.perf-restricted 'Only root measures the kernel' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in kernel.perf_event_paranoid=3; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done'
check offline os.sysrq-off 'The keyboard gives the kernel no orders' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in kernel.sysrq=0; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done'
check offline os.line-disciplines-off 'No terminal loads a module' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in dev.tty.ldisc_autoload=0; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done'
check offline os.links-protected 'Links and pipes in shared folders are not followed' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in fs.protected_symlinks=1 fs.protected_hardlinks=1 fs.protected_fifos=2 fs.protected_regular=2; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done'
check offline os.core-dumps-off 'No core dump is written' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in fs.suid_dumpable=0; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done && systemd-analyze cat-config systemd/coredump.conf | grep -qx '\''Storage=none'\'' && grep -rqE '\''^\* hard core 0'\'' /etc/security/limits.d'
check offline os.kernel-modules-listed 'Unused kernel modules cannot be loaded' \
  'for module in cramfs freevxfs hfs hfsplus jffs2 udf usb-storage; do modprobe -n -v "$module" 2>&1 | grep -q /bin/false || exit 1; done'
check offline os.user-namespaces-kept 'Browsers may make user namespaces, which their sandbox is built on' \
  '! systemd-analyze cat-config sysctl.d | grep -qE '\''^-?(user.max_user_namespaces|kernel.unprivileged_userns_clone) *= *0'\'''
check offline os.apparmor-enforced 'AppArmor profiles are enforced' \
  'systemctl is-enabled -q apparmor.service'
check offline os.user-namespaces-restricted 'Only browsers make user namespaces' \
  'settings=$(systemd-analyze cat-config sysctl.d | sed -E '\''s/^-//; s/[[:space:]]*=[[:space:]]*/=/'\'') && for wanted in kernel.apparmor_restrict_unprivileged_userns=1; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done && for browser in chromium adspower; do test ! -e /etc/apparmor.d/abi/4.0 || grep -qE '\''^[[:space:]]*userns,'\'' "/etc/apparmor.d/valet-$browser" || exit 1; done'
check offline os.dev-shm-noexec 'Nothing under /dev/shm can be executed' \
  'findmnt --tab-file /etc/fstab -no OPTIONS /dev/shm | grep -q '\''nodev,nosuid,noexec'\'''
check offline os.tmp-separate '/tmp is a file system of its own, without devices and set-user-id' \
  'findmnt --tab-file /etc/fstab -no OPTIONS /tmp | grep -q '\''nodev,nosuid'\'''
check offline os.shadow-mode 'Only root and the group shadow read the hashes of passwords' \
  'test "$(stat -c %a%U%G /etc/shadow)" = 640rootshadow'
check offline os.cron-modes 'Only root sees the jobs of cron' \
  'for folder in cron.d cron.hourly cron.daily cron.weekly cron.monthly; do test ! -e "/etc/$folder" || test "$(stat -c %a "/etc/$folder")" = 700 || exit 1; done; test ! -e /etc/crontab || test "$(stat -c %a /etc/crontab)" = 600'
check offline os.no-world-writable 'No file can be written by everybody' \
  '! find / -xdev -type f -perm -0002 ! -path '\''/proc/*'\'' ! -path '\''/sys/*'\'' 2>/dev/null | grep -q .'
check offline os.no-unowned 'Every file belongs to somebody' \
  '! find / -xdev \( -nouser -o -nogroup \) ! -path '\''/proc/*'\'' 2>/dev/null | grep -q .'
check offline os.suid-listed 'Only listed programs run as their owner' \
  '! find / -xdev -type f -perm -4000 ! -path '\''/proc/*'\'' 2>/dev/null | grep -qvxE '\''/usr/bin/(su|sudo|passwd|mount|umount|fusermount3?)|/usr/lib/(dbus-1\.0/dbus-daemon-launch-helper|polkit-1/polkit-agent-helper-1|snapd/snap-confine|chromium/chrome-sandbox)|(/opt/google/chrome|/opt/AdsPower( Global)?)/chrome-sandbox'\'''
check offline os.jobs-only-of-root 'Only root has jobs of cron and at' \
  'for list in /etc/cron.allow /etc/at.allow; do test "$(stat -c %a%U%s "$list")" = 640root0 || exit 1; done'
check offline unit.worker-sandboxed 'The agent is sandboxed' \
  'unit=/etc/systemd/system/valet-worker.service; if systemd-analyze --help | grep -q -- --offline; then systemd-analyze security --offline=true --threshold=30 "$unit"; else for directive in NoNewPrivileges=yes CapabilityBoundingSet= ProtectSystem=strict ProtectHome=yes PrivateDevices=yes PrivateTmp=yes ProtectKernelModules=yes ProtectKernelTunables=yes RestrictSUIDSGID=yes SystemCallArchitectures=native '\''SystemCallFilter=@system-service.*'\'' '\''RestrictNamespaces=.*'\'' '\''RestrictAddressFamilies=.*'\''; do grep -qx "$directive" "$unit" || exit 1; done; fi'
check offline unit.xvfb-sandboxed 'The X server is sandboxed' \
  'unit=/etc/systemd/system/valet-xvfb.service; if systemd-analyze --help | grep -q -- --offline; then systemd-analyze security --offline=true --threshold=30 "$unit"; else for directive in NoNewPrivileges=yes CapabilityBoundingSet= ProtectSystem=strict ProtectHome=yes PrivateDevices=yes PrivateTmp=yes ProtectKernelModules=yes ProtectKernelTunables=yes RestrictSUIDSGID=yes SystemCallArchitectures=native '\''SystemCallFilter=@system-service.*'\'' '\''RestrictNamespaces=.*'\'' '\''RestrictAddressFamilies=.*'\''; do grep -qx "$directive" "$unit" || exit 1; done; fi'
check offline unit.novnc-sandboxed 'noVNC is sandboxed' \
  'unit=/etc/systemd/system/valet-novnc.service; if systemd-analyze --help | grep -q -- --offline; then systemd-analyze security --offline=true --threshold=30 "$unit"; else for directive in NoNewPrivileges=yes CapabilityBoundingSet= ProtectSystem=strict ProtectHome=yes PrivateDevices=yes PrivateTmp=yes ProtectKernelModules=yes ProtectKernelTunables=yes RestrictSUIDSGID=yes SystemCallArchitectures=native '\''SystemCallFilter=@system-service.*'\'' '\''RestrictNamespaces=.*'\'' '\''RestrictAddressFamilies=.*'\''; do grep -qx "$directive" "$unit" || exit 1; done; fi'
check offline unit.browsers-sandboxed 'AdsPower and the runtime are as sandboxed as a browser can be' \
  '{ unit=/etc/systemd/system/valet-adspower.service; if systemd-analyze --help | grep -q -- --offline; then systemd-analyze security --offline=true --threshold=35 "$unit"; else for directive in NoNewPrivileges=yes CapabilityBoundingSet= ProtectSystem=strict ProtectHome=yes PrivateDevices=yes PrivateTmp=yes ProtectKernelModules=yes ProtectKernelTunables=yes RestrictSUIDSGID=yes SystemCallArchitectures=native '\''SystemCallFilter=@system-service.*'\'' '\''RestrictNamespaces=.*'\'' '\''RestrictAddressFamilies=.*'\''; do grep -qx "$directive" "$unit" || exit 1; done; fi; } && { unit=/etc/systemd/system/valet-runtime.service; if systemd-analyze --help | grep -q -- --offline; then systemd-analyze security --offline=true --threshold=35 "$unit"; else for directive in NoNewPrivileges=yes CapabilityBoundingSet= ProtectSystem=strict ProtectHome=yes PrivateDevices=yes PrivateTmp=yes ProtectKernelModules=yes ProtectKernelTunables=yes RestrictSUIDSGID=yes SystemCallArchitectures=native '\''SystemCallFilter=@system-service.*'\'' '\''RestrictNamespaces=.*'\'' '\''RestrictAddressFamilies=.*'\''; do grep -qx "$directive" "$unit" || exit 1; done; fi; }'
check offline unit.valid 'systemd accepts every unit' \
  'problems=$(systemd-analyze verify --man=no /etc/systemd/system/valet-*.service 2>&1 | grep -E '\''(^|/)valet-'\'' | grep -vE '\''Command .* is not executable: No such file'\''); test -z "$problems" && test -e /etc/systemd/system/valet-worker.service'
check offline adspower.own-user 'AdsPower has a user of its own' \
  'grep -q '\''^User=.'\'' /etc/systemd/system/valet-adspower.service && test "$(sed -n '\''s/^User=//p'\'' /etc/systemd/system/valet-adspower.service)" != "$(sed -n '\''s/^User=//p'\'' /etc/systemd/system/valet-runtime.service)" && ! grep -qx '\''User=root'\'' /etc/systemd/system/valet-adspower.service'
check offline adspower.loopback 'AdsPower'\''s API is bound to 127.0.0.1' \
  'grep -qE '\''^SocketBindAllow=ipv4:tcp:[0-9]+$'\'' /etc/systemd/system/valet-adspower.service'
check offline adspower.caches-cleared 'Browser caches and profile data are cleared' \
  'grep -qE '\''^[deD].*/var/(lib|cache)/adspower.* [0-9]+[dh]'\'' /etc/tmpfiles.d/valet.conf'

format=tap
phase=image
seconds=120
sbom=
only=()

while [ $# -gt 0 ]; do
  case $1 in
    --help)
      usage
      exit 0
      ;;
    --format | --phase | --only | --timeout | --sbom)
      [ -n "${2-}" ] || refuse "$1 needs a value"
      case $1 in
        --format) format=$2 ;;
        --phase) phase=$2 ;;
        --only) only+=("$2") ;;
        --timeout) seconds=$2 ;;
        --sbom) sbom=$2 ;;
      esac
      shift 2
      ;;
    *) refuse "there is no argument $1" ;;
  esac
done

case $format in
  tap | json) ;;
  *) refuse "there is no format $format: it is tap or json" ;;
esac
case $phase in
  image | host) ;;
  *) refuse "there is no phase $phase: it is image or host" ;;
esac
case $seconds in
  *[!0-9]* | 0) refuse "--timeout takes a number of seconds" ;;
esac
if [ "$(id -u)" != 0 ]; then
  printf 'verify.sh: not run as root: checks of what only root can read fail\n' >&2
fi

# Numbers of the checks to run, in their order.
chosen=()
for number in "${!controls[@]}"; do
  if [ "${#only[@]}" = 0 ]; then
    chosen+=("$number")
    continue
  fi
  for control in "${only[@]}"; do
    if [ "$control" = "${controls[number]}" ]; then
      chosen+=("$number")
      break
    fi
  done
done
for control in ${only[@]+"${only[@]}"}; do
  known=no
  for number in "${!controls[@]}"; do
    if [ "$control" = "${controls[number]}" ]; then
      known=yes
    fi
  done
  [ "$known" = yes ] || refuse "there is no check of $control: it is unknown, waived, or not proven by a command"
done

# Runs a command and sets `output` and `status`. What it prints beyond 4096 bytes is read and thrown away: closing the
# pipe would kill it.
run() {
  output=$(
    timeout --kill-after=5 "$seconds" bash -c "$1" </dev/null 2>&1 |
      { head -c 4096; cat >/dev/null; } |
      tr -c '\011\012\040-\176' '?'
    exit "${PIPESTATUS[0]}"
  )
  status=$?
}

# Why a status is a failure.
reason() {
  case $1 in
    124 | 137) printf 'still running after %s s' "$seconds" ;;
    *) printf 'exit status %s' "$1" ;;
  esac
}

skipped_because='holds only before the first boot'

json_string() {
  local text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\t'/\\t}
  text=${text//$'\n'/\\n}
  printf '"%s"' "$text"
}

report_tap() {
  local at=$1 number=$2 result=$3
  local what="$at - ${controls[number]}: ${titles[number]}"
  case $result in
    passed) printf 'ok %s\n' "$what" ;;
    skipped) printf 'ok %s # SKIP %s\n' "$what" "$skipped_because" ;;
    failed)
      printf 'not ok %s\n' "$what"
      printf '%s\n' "$(reason "$status"):" "${commands[number]}" ${output:+"$output"} | sed 's/^/#   /'
      ;;
  esac
}

report_json() {
  local at=$1 number=$2 result=$3
  if [ "$at" != 1 ]; then
    printf ','
  fi
  printf '\n    {"control": %s, "title": %s, "result": "%s"' \
    "$(json_string "${controls[number]}")" "$(json_string "${titles[number]}")" "$result"
  case $result in
    skipped) printf ', "reason": %s' "$(json_string "$skipped_because")" ;;
    failed)
      printf ', "reason": %s, "command": %s, "output": %s' \
        "$(json_string "$(reason "$status")")" "$(json_string "${commands[number]}")" "$(json_string "$output")"
      ;;
  esac
  printf '}'
}

run_checks() {
  local at=0 number result
  for number in ${chosen[@]+"${chosen[@]}"}; do
    at=$((at + 1))
    if [ "$phase" = host ] && [ "${whens[number]}" = pristine ]; then
      result=skipped
      skipped=$((skipped + 1))
    else
      run "${commands[number]}"
      if [ "$status" = 0 ]; then
        result=passed
        passed=$((passed + 1))
      else
        result=failed
        failed=$((failed + 1))
      fi
    fi
    "report_$format" "$at" "$number" "$result"
  done
}

passed=0
failed=0
skipped=0
case $format in
  tap)
    printf 'TAP version 13\n1..%s\n' "${#chosen[@]}"
    run_checks
    printf '# %s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
    ;;
  json)
    printf '{\n  "phase": "%s",\n  "checks": [' "$phase"
    run_checks
    printf '\n  ],\n  "passed": %s,\n  "failed": %s,\n  "skipped": %s\n}\n' "$passed" "$failed" "$skipped"
    ;;
esac

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

if [ -n "$sbom" ]; then
  if ! bill_of_materials >"$sbom.part" || ! mv "$sbom.part" "$sbom"; then
    rm -f "$sbom.part"
    refuse "the packages could not be written to $sbom"
  fi
fi

[ "$failed" = 0 ]
