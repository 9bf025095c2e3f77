#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: verifies the image.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# What a check runs is text until the bash that it gets expands it.
# shellcheck disable=SC2016,SC2317
set -uo pipefail

export LC_ALL=C
# What somebody put into /usr/local is looked at, and looks at nothing.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin

usage() {
  printf '%s\n' \
    'usage: verify.sh [--format tap|json] [--phase image|first-boot|host] [--only CONTROL]... [--timeout SECONDS] [--sbom FILE]' \
    '' \
    'Runs the check of every control that this image is made with, as root. It changes nothing, not even a log: checks' \
    'run in a mount namespace in which everything is read-only.' \
    '' \
    '  --format tap|json   how results are printed: TAP version 13, or one JSON document' \
    '  --phase PHASE       image: an image that is being made, and what its boot would do' \
    '                      first-boot: the first host that is started from it: what runs, and that nothing is older' \
    '                      host: any other host: what runs' \
    '  --only CONTROL      this check alone; may be given several times' \
    '  --timeout SECONDS   what a check may take before it has failed, 120 when left out' \
    '  --sbom FILE         writes the installed packages as a CycloneDX 1.5 JSON document as well' \
    '' \
    'A result says how it is known: by effect (the program that decides was asked, or it was tried), by configuration' \
    '(everything that decides was read as a whole), or not here.' \
    '' \
    'Exit codes: 0 all checks hold, 1 some do not, 2 the command line is wrong, FILE cannot be written, or this is not root.'
}

refuse() {
  printf 'verify.sh: %s\n  help: see verify.sh --help\n' "$1" >&2
  exit 2
}

controls=()
titles=()
commands=()
in_image=()
on_host=()

# check IN_IMAGE ON_HOST CONTROL TITLE COMMAND, where the first two are effect, configuration or not-here
check() {
  in_image+=("$1")
  on_host+=("$2")
  controls+=("$3")
  titles+=("$4")
  commands+=("$5")
}

check effect not-here image.machine-id-blank 'Every instance generates its own machine id' \
  machine_is_new
check effect not-here image.no-host-keys 'Every instance generates its own SSH host keys' \
  host_keys_are_new
check effect not-here image.no-authorized-keys 'The image has no SSH authorized keys' \
  nobody_is_authorized
check effect not-here image.no-history 'The image has no shell history' \
  no_history
check effect not-here image.no-cloud-state 'cloud-init runs as on a first boot' \
  cloud_state_is_new
check effect not-here image.no-secrets 'The image contains no secrets' \
  no_secrets
check effect not-here image.logs-empty 'The image has no logs of its build' \
  logs_are_new
check effect not-here image.no-environment 'The image belongs to no environment' \
  no_environment
check effect not-here image.services-start 'Services start when the image boots' \
  'test ! -e /usr/sbin/policy-rc.d && test ! -e /usr/local/sbin/policy-rc.d'
check effect effect net.novnc-loopback 'noVNC listens on the loopback interface only' \
  'vnc_is_local && screen_is_private && listens_locally "$novnc_port"'
check effect effect net.adspower-loopback 'The AdsPower API is reachable from the host only' \
  'binds_only valet-adspower.service "$adspower_port" 32768-60999 && nothing_gets_in'
check effect effect os.ssh-no-root 'sshd refuses root logins' \
  'sshd_is permitrootlogin no'
check effect effect os.ssh-no-passwords 'sshd refuses password authentication' \
  'sshd_is passwordauthentication no'
check effect effect os.ssh-no-keyboard-interactive 'sshd refuses keyboard-interactive authentication' \
  'sshd_is kbdinteractiveauthentication no'
check effect effect os.ssh-no-empty-passwords 'sshd refuses empty passwords' \
  'sshd_is permitemptypasswords no && sshd_says_itself PermitEmptyPasswords'
check effect effect os.ssh-no-forwarding 'sshd forwards no ports, agents or X11' \
  'sshd_is disableforwarding yes && sshd_is permittunnel no'
check effect effect os.ssh-max-auth-tries 'sshd allows four authentication attempts' \
  'sshd_between maxauthtries 1 4'
check effect effect os.ssh-strong-algorithms 'sshd offers no weak cipher, MAC or key exchange' \
  'sshd_only ciphers chacha20-poly1305@openssh.com aes256-gcm@openssh.com aes128-gcm@openssh.com aes256-ctr aes192-ctr aes128-ctr && sshd_only macs hmac-sha2-512-etm@openssh.com hmac-sha2-256-etm@openssh.com hmac-sha2-512 hmac-sha2-256 && sshd_only kexalgorithms sntrup761x25519-sha512@openssh.com sntrup761x25519-sha512 mlkem768x25519-sha256 curve25519-sha256 curve25519-sha256@libssh.org ecdh-sha2-nistp521 ecdh-sha2-nistp384 ecdh-sha2-nistp256 diffie-hellman-group16-sha512'
check effect effect os.ssh-login-grace 'sshd allows 60 s for a login' \
  'sshd_between logingracetime 1 60'
check effect effect os.ssh-idle-ends 'sshd ends idle sessions' \
  'sshd_between clientaliveinterval 1 300 && sshd_between clientalivecountmax 1 3'
check effect effect os.ssh-no-user-environment 'sshd ignores users'\'' environment files' \
  'sshd_is permituserenvironment no && sshd_says_itself PermitUserEnvironment'
check effect effect os.ssh-no-host-based 'sshd refuses host-based authentication' \
  'sshd_is hostbasedauthentication no && sshd_is ignorerhosts yes && sshd_says_itself HostbasedAuthentication'
check effect effect os.ssh-config-mode 'Only root can read sshd'\''s configuration' \
  'sshd_files | while read -r file; do mode_is '\''600 root root'\'' "$file"; done'
check effect effect os.ssh-unit-masked 'sshd does not run' \
  sshd_is_off
check effect effect os.ssh-sessions-limited 'sshd limits concurrent sessions and logins' \
  'sshd_between maxsessions 1 10 && sshd_is maxstartups 10:30:60'
check effect effect os.ssh-accounts-limited 'sshd refuses root and service accounts' \
  'sshd_denies root "$runtime_user" "$adspower_user" valet-agent valet-display cwagent'
check effect effect os.ssh-banner 'sshd shows a warning banner before login' \
  'sshd_is banner /etc/issue.net'
check effect effect os.security-updates 'Security updates are installed automatically' \
  updates_install_themselves
check effect effect os.updates-from-security 'Automatic updates come from the security archive' \
  updates_are_of_security
check effect effect os.updates-work 'Packages are in a state in which updates can be installed' \
  updates_work
check effect effect os.updates-restart-no-worker 'Automatic updates restart no unit of the fleet' \
  updates_restart_no_worker
check effect effect os.updates-no-reboot 'Automatic updates never reboot a worker' \
  'apt_is_off Unattended-Upgrade::Automatic-Reboot && test -n "$(apt_setting Unattended-Upgrade::Automatic-Reboot)"'
check effect effect os.signed-packages 'Unsigned packages are refused' \
  packages_are_signed
check effect effect os.unused-services 'Unused services are off' \
  unused_is_off
check effect effect os.legacy-clients-absent 'Clients of plain-text protocols are not installed' \
  'not_installable telnet inetutils-telnet nis yp-tools rsh-client inetutils-tools rsh-redone-client talk inetutils-talk ftp tnftp inetutils-ftp ldap-utils && no_program telnet rsh rlogin rcp talk ypcat ypbind ftp tnftp pftp ldapsearch'
check configuration configuration os.hooks-listed 'Nothing but packages and fleet.toml hooks programs into boots, logins and updates' \
  hooks_are_listed
check effect effect os.authorities-listed 'Only authorities of packages and fleet.toml are trusted' \
  authorities_are_listed
check effect effect os.no-desktop 'No graphical desktop starts' \
  'runs_not graphical.target display-manager.service && test "$(systemctl get-default)" = multi-user.target'
check effect effect os.session-manager 'The agent of Systems Manager runs, which is the way in' \
  session_manager_runs
check effect effect os.time-synchronised 'The clock is synchronised with the Amazon Time Sync Service' \
  'runs chrony.service && clock_has_only 169.254.169.123'
check effect effect os.no-crash-reports 'Crash reporting is not installed' \
  'not_installable apport whoopsie && no_program apport whoopsie apport-cli && runs_not apport.service whoopsie.service'
check effect effect os.runtime-not-root 'The runtime runs as a Linux user of its own, not as root' \
  'unit_runs_as valet-runtime.service "$runtime_user"'
check effect effect os.worker-no-login 'The users of the runtime and AdsPower cannot log in' \
  'for account in "$runtime_user" "$adspower_user"; do cannot_log_in "$account"; is_locked "$account"; done'
check effect effect os.worker-unprivileged 'The users of the runtime and AdsPower are in no privileged group' \
  'for account in "$runtime_user" "$adspower_user"; do is_unprivileged "$account"; done'
check effect effect os.one-superuser 'Only root has UID 0' \
  'test "$(getent passwd | awk -F: '\''$3 + 0 == 0 { print $1 }'\'')" = root && test "$(awk -F: '\''$3 + 0 == 0 { print $1 }'\'' /etc/passwd)" = root && test "$(id -u root)" = 0 && no_superuser_is_made'
check effect effect os.no-empty-passwords 'No account has an empty password' \
  no_empty_passwords
check effect effect os.root-locked 'Root cannot log in with a password' \
  'is_locked root && nobody_is_logged_in_at_boot'
check effect effect os.system-accounts-no-login 'System accounts cannot log in' \
  system_accounts_cannot_log_in
check effect effect os.umask 'The default umask of accounts is 027' \
  umask_is_private
check effect effect os.idle-shell-ends 'Idle shells are closed' \
  'shells_end 900'
check effect effect os.shell-umask 'The umask of shells is 027' \
  shells_keep_others_out
check effect effect os.login-banner 'Login banners warn of monitoring and do not name the operating system' \
  banner_is_discreet
check effect effect os.password-quality 'Passwords have a minimum length and mix of characters' \
  'password_is short no && password_is one-class no && password_is no-digit no && password_is dictionary no && password_is good yes'
check effect effect os.password-history 'Old passwords cannot be reused' \
  'password_is again no && password_is later no && password_is good yes'
check effect effect os.login-lockout 'Accounts are locked after failed logins' \
  'guesses_are known=open && guesses_are guessed=locked && lockout_lasts 900'
check effect effect os.no-null-passwords 'Empty passwords are refused' \
  'guesses_are known=open && guesses_are_not blank=open && guesses_are_not anything=open'
check effect effect os.password-hashing 'Passwords are hashed with yescrypt' \
  'password_is hash '\''$y$'\'' && password_is group-hash '\''$y$'\'''
check effect effect os.password-age 'Passwords expire after 365 days' \
  'passwords_age 1 365'
check effect effect os.inactive-accounts 'Accounts are locked 30 days after their password expires' \
  'passwords_lapse 30'
check effect effect os.sudoers-valid 'sudo'\''s rules are valid' \
  'lab visudo -c && sudo_rules | grep -q .'
check effect effect os.sudo-recorded 'sudo needs a terminal and is logged' \
  'sudo_has use_pty && sudo_has logfile /var/log/sudo.log && sudo_never '\''!log_allowed'\'' '\''!syslog'\'' log_allowed && try_sudo_record /var/log/sudo.log'
check effect effect os.sudo-not-for-workers 'Neither the runtime nor AdsPower can use sudo' \
  'sudo_refuses "$runtime_user" && sudo_refuses "$adspower_user"'
check effect effect os.su-restricted 'Only members of one group can use su' \
  'su_is_restricted sugroup'
check effect effect os.sudo-asks-again 'sudo asks for the password again after 15 minutes' \
  'sudo_has timestamp_timeout 15 && sudo_asks_after 15'
check configuration effect os.auditd 'auditd records access to sensitive files' \
  'audit_is_whole && runs auditd.service && auditd_is write_logs yes '\'''\'' && auditd_is local_events yes '\'''\'' && auditd_is log_file /var/log/audit/audit.log && auditd_is log_format enriched raw && audit_is_not_switched_off && kernel_is_not_told '\''audit=(0|off)'\'''
check configuration effect os.audit-identity 'auditd records changes to accounts' \
  'audit_watches /etc/passwd /etc/shadow /etc/group /etc/gshadow /etc/security/opasswd'
check configuration effect os.audit-privileges 'auditd records changes to sudo rights' \
  'audit_watches /etc/sudoers /etc/sudoers.d /var/log/sudo.log'
check configuration effect os.audit-kernel 'auditd records kernel modules, mounts and clock changes' \
  'audit_records init_module finit_module delete_module mount umount2 adjtimex settimeofday clock_settime && audit_watches /etc/localtime'
check configuration effect os.audit-worker 'auditd records changes to the worker'\''s files' \
  'audit_watches /opt/valet /etc/valet /etc/systemd/system'
check configuration effect os.audit-immutable 'auditd'\''s rules cannot be changed until the next boot' \
  'audit_is_whole && audit_is_immutable'
check configuration configuration os.audit-never-halts 'A full audit log is rotated and does not halt the host' \
  auditd_never_halts
check effect effect os.audit-files-private 'Only root can read audit logs and auditd'\''s configuration' \
  'nothing search -path '\''/etc/audit/*'\'' -type f -perm /0137 && nothing find /etc/audit/rules.d -type f -perm /0177 && nothing find /etc/audit ! -user root && mode_is '\''700 root root'\'' /var/log/audit && mode_is '\''640 root root'\'' /etc/audit/auditd.conf'
check effect effect os.journal-kept 'The journal is persistent and limited in size' \
  journal_is_kept
check effect effect os.log-modes 'Only root and a log'\''s group can read logs' \
  'nothing find /var/log -type f -perm /0137 ! -name '\''*tmp'\'' ! -name lastlog ! -name faillog && nothing find /var/log -type d -perm -0002 && nothing rsyslog_modes'
check effect effect os.log-rotation 'Logs are rotated' \
  'rotates /var/log/sudo.log weekly 8 && runs logrotate.timer && runs_only logrotate.service '\''/usr/sbin/logrotate /etc/logrotate.conf'\'''
check effect effect os.journal-here 'The journal is compressed and not forwarded to syslog' \
  'configured_is systemd/journald.conf Journal Compress yes && for key in ForwardToSyslog ForwardToKMsg ForwardToConsole; do configured_is systemd/journald.conf Journal "$key" no '\'''\''; done && configured_is systemd/journald.conf Journal ForwardToSyslog no'
check effect effect os.fail2ban 'Addresses with repeated failed logins are banned' \
  'runs fail2ban.service && bans sshd'
check effect effect os.firewall 'The host firewall is on' \
  'packets_were_tried && nothing_gets_in && egress_is_listed'
check effect effect os.firewall-drops 'The host firewall drops incoming and forwarded packets' \
  nothing_gets_in
check effect effect os.firewall-egress 'The host firewall allows outgoing connections to listed ports only' \
  egress_is_listed
check effect effect os.firewall-metadata 'Neither the runtime nor AdsPower can read the instance metadata' \
  'metadata_is_for root valet-agent cwagent ec2-instance-connect'
check effect effect adspower.connections-watched 'Denied connections of AdsPower are logged' \
  'denied_is_logged valet-adspower-denied'
check effect effect os.redirects-off 'ICMP redirects are neither accepted nor sent' \
  'sysctl_is '\''net.ipv4.conf.*.accept_redirects=0'\'' '\''net.ipv4.conf.*.send_redirects=0'\'' '\''net.ipv4.conf.*.secure_redirects=0'\'' '\''net.ipv6.conf.*.accept_redirects=0'\'''
check effect effect os.source-routes-off 'Source-routed packets are refused' \
  'sysctl_is '\''net.ipv4.conf.*.accept_source_route=0'\'' '\''net.ipv6.conf.*.accept_source_route=0'\'''
check effect effect os.reverse-path-filter 'Packets with a spoofed source address are dropped' \
  'sysctl_is net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1 '\''net.ipv4.conf.*.rp_filter<=1'\'''
check effect effect os.syncookies 'SYN cookies are on' \
  'sysctl_is net.ipv4.tcp_syncookies=1'
check effect effect os.martians-logged 'Packets with impossible addresses are logged' \
  'sysctl_is net.ipv4.conf.all.log_martians=1 net.ipv4.conf.default.log_martians=1'
check effect effect os.broadcast-pings-ignored 'Broadcast pings and bogus ICMP errors are ignored' \
  'sysctl_is net.ipv4.icmp_echo_ignore_broadcasts=1 net.ipv4.icmp_ignore_bogus_error_responses=1'
check effect effect os.router-advertisements-off 'IPv6 router advertisements are ignored' \
  'sysctl_is '\''net.ipv6.conf.*.accept_ra=0'\'''
check effect effect os.rare-protocols-off 'Rare network protocols cannot be loaded' \
  'modules_off dccp sctp rds tipc'
check effect effect os.forwarding-off 'IP forwarding is off' \
  'sysctl_is '\''net.ipv4.conf.*.forwarding=0'\'' net.ipv4.ip_forward=0 '\''net.ipv6.conf.*.forwarding=0'\'''
check effect effect os.aslr 'Address space layout is randomised (ASLR)' \
  'sysctl_is kernel.randomize_va_space=2 && kernel_is_not_told norandmaps nokaslr'
check effect effect os.ptrace-restricted 'A process can trace its children only (ptrace)' \
  'sysctl_is '\''kernel.yama.ptrace_scope>=1'\'''
check effect effect os.kernel-addresses-hidden 'Kernel addresses and messages are hidden from users' \
  'sysctl_is kernel.kptr_restrict=2 kernel.dmesg_restrict=1'
check effect effect os.bpf-restricted 'Only root can load BPF programs' \
  'sysctl_is '\''kernel.unprivileged_bpf_disabled>=1'\'' net.core.bpf_jit_harden=2'
check effect effect os.kexec-off 'No other kernel can be loaded (kexec)' \
  'sysctl_is kernel.kexec_load_disabled=1'
check effect effect os.perf-restricted 'Only root can use kernel performance events' \
  'sysctl_is '\''kernel.perf_event_paranoid>=4'\'''
check effect effect os.sysrq-off 'Magic SysRq keys are off' \
  'sysctl_is kernel.sysrq=0'
check effect effect os.line-disciplines-off 'Terminals cannot load kernel modules (line disciplines)' \
  'sysctl_is dev.tty.ldisc_autoload=0'
check effect effect os.links-protected 'Other users'\'' links, FIFOs and files in shared folders are protected' \
  'sysctl_is fs.protected_symlinks=1 fs.protected_hardlinks=1 fs.protected_fifos=2 fs.protected_regular=2'
check effect effect os.core-dumps-off 'Core dumps are off' \
  'sysctl_is fs.suid_dumpable=0 && configured_is systemd/coredump.conf Coredump Storage none && configured_is systemd/coredump.conf Coredump ProcessSizeMax 0 && no_core_dumps root daemon nobody "$runtime_user" "$adspower_user"'
check effect effect os.kernel-modules-listed 'Unused kernel modules cannot be loaded' \
  'modules_off cramfs freevxfs hfs hfsplus jffs2 udf usb-storage'
check effect effect os.user-namespaces-kept 'Browsers can create user namespaces, which their sandbox needs' \
  'sysctl_is_not user.max_user_namespaces 0 && sysctl_is_not kernel.unprivileged_userns_clone 0'
check configuration effect os.apparmor-enforced 'AppArmor profiles are enforced' \
  apparmor_enforces
check configuration effect os.user-namespaces-restricted 'Only browsers can create user namespaces' \
  'sysctl_is_if_known kernel.apparmor_restrict_unprivileged_userns=1 && only_browsers_make_namespaces'
check effect effect os.dev-shm-noexec '/dev/shm is mounted noexec' \
  'mounted /dev/shm nodev nosuid noexec'
check effect effect os.tmp-separate '/tmp is a separate file system, mounted nodev and nosuid' \
  'mounted /tmp nodev nosuid'
check effect effect os.shadow-mode 'Only root and the group shadow can read password hashes' \
  shadow_is_private
check effect effect os.cron-modes 'Only root can read cron jobs' \
  cron_is_private
check effect effect os.no-world-writable 'No file is world-writable' \
  'nothing search \( -type f -o -type d ! -perm -1000 \) -perm -0002 ! -path '\''/proc/*'\'' ! -path '\''/sys/*'\'' ! -path '\''/dev/*'\'' ! -path '\''/mnt/*'\'''
check effect effect os.no-unowned 'Every file has an existing owner and group' \
  'nothing search \( -nouser -o -nogroup \) ! -path '\''/proc/*'\'''
check effect effect os.suid-listed 'Only listed programs have the set-user-id bit' \
  powerful_is_listed
check effect effect os.jobs-only-of-root 'Only root can use cron and at' \
  only_root_has_jobs
check effect effect image.payload 'Agent, runtime, browser and CloudWatch agent are there and run' \
  payload_runs
check effect effect unit.worker-sandboxed 'The agent'\''s unit is sandboxed' \
  'exposure 30 valet-worker.service && unit_runs_as valet-worker.service valet-agent'
check effect effect unit.xvfb-sandboxed 'The X server'\''s unit is sandboxed' \
  'exposure 30 valet-xvfb.service && unit_runs_as valet-xvfb.service valet-display'
check effect effect unit.novnc-sandboxed 'noVNC'\''s unit is sandboxed' \
  'exposure 30 valet-novnc.service valet-vnc.service && unit_runs_as valet-novnc.service valet-display && unit_runs_as valet-vnc.service valet-display'
check effect effect unit.browsers-sandboxed 'The units of AdsPower and the runtime are sandboxed as far as browsers allow' \
  'exposure 35 valet-adspower.service valet-runtime.service'
check effect effect unit.valid 'systemd accepts every unit' \
  units_are_valid
check effect effect adspower.own-user 'AdsPower runs as a Linux user of its own' \
  'unit_runs_as valet-adspower.service "$adspower_user" && test "$(id -u "$adspower_user")" != "$(id -u "$runtime_user")"'
check effect effect adspower.loopback 'AdsPower'\''s API is bound to 127.0.0.1' \
  'binds_only valet-adspower.service "$adspower_port" 32768-60999 && nothing_gets_in && listens_locally "$adspower_port"'
check effect configuration adspower.caches-cleared 'Old browser caches and profile data are deleted' \
  'cleans /var/cache/adspower 1d && cleans /var/lib/adspower/.config/adspower_global/cwd_global/source/cache 7d && runs systemd-tmpfiles-clean.timer'

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
  image | first-boot | host) ;;
  *) refuse "there is no phase $phase: it is image, first-boot or host" ;;
esac
case $seconds in
  *[!0-9]* | 0) refuse "--timeout takes a number of seconds" ;;
esac
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

json_string() {
  local text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\t'/\\t}
  text=${text//$'\n'/\\n}
  printf '"%s"' "$text"
}

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ "$(id -u)" != 0 ]; then
  printf 'verify.sh: not run as root: checks of what only root can read fail\n' >&2
elif ! unshare --mount --propagation private true 2>/dev/null; then
  printf 'verify.sh: root may not make a mount namespace here, which takes CAP_SYS_ADMIN\n  help: run it where root may\n' >&2
  exit 2
fi

# How a check knows what it says, in this phase: effect, configuration, or not-here with a reason. A check that ends
# with 77 says that this machine cannot have it, one that ends with 78 that it knows of the configuration only.
proof_of() {
  local number=$1
  proof=${on_host[number]}
  why=
  case $phase in
    image)
      proof=${in_image[number]}
      ;;
    first-boot)
      if [ "$proof" = not-here ]; then proof=effect; fi
      ;;
    host)
      why='holds only before the first boot, or on it'
      ;;
  esac
}

report_tap() {
  local at=$1 number=$2 result=$3
  local what="$at - ${controls[number]}: ${titles[number]}"
  case $result in
    passed) printf 'ok %s (by %s)\n' "$what" "$proof" ;;
    skipped) printf 'ok %s # SKIP not here: %s\n' "$what" "$why" ;;
    failed)
      printf 'not ok %s (by %s)\n' "$what" "$proof"
      printf '%s\n' "$(reason "$status"):" "${commands[number]}" ${output:+"$output"} | sed 's/^/#   /'
      ;;
  esac
}

report_json() {
  local at=$1 number=$2 result=$3
  if [ "$at" != 1 ]; then
    printf ','
  fi
  printf '\n    {"control": %s, "title": %s, "result": "%s", "proof": "%s"' \
    "$(json_string "${controls[number]}")" "$(json_string "${titles[number]}")" "$result" "$proof"
  case $result in
    skipped) printf ', "reason": %s' "$(json_string "$why")" ;;
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
    proof_of "$number"
    if [ "$proof" = not-here ]; then
      result=skipped
    else
      run "${commands[number]}"
      case $status in
        0) result=passed ;;
        78)
          result=passed
          proof=configuration
          ;;
        77)
          result=skipped
          proof=not-here
          why=$output
          ;;
        *) result=failed ;;
      esac
    fi
    case $result-$proof in
      skipped-*) skipped=$((skipped + 1)) ;;
      failed-*) failed=$((failed + 1)) ;;
      passed-effect) effect=$((effect + 1)) ;;
      passed-*) configuration=$((configuration + 1)) ;;
    esac
    "report_$format" "$at" "$number" "$result"
  done
}

# Everything that is checked, printed; run where nothing can be changed.
verify() {
  local effect=0 configuration=0 failed=0 skipped=0
  export PHASE=$phase CACHE=/mnt/cache BASH_ENV=
  if [ "$(id -u)" = 0 ]; then
    functions=$(cat "$folder"/verify/*.sh 2>/dev/null)
    # shellcheck source=/dev/null
    . "$folder/verify/world.sh"
    seal_world || { printf 'verify.sh: / cannot be made read-only in a namespace\n' >&2; return 2; }
    export TMPDIR=/mnt/tmp BASH_ENV=/mnt/functions.sh
    printf '%s\n' "$functions" >$BASH_ENV
  fi
  case $format in
    tap)
      printf 'TAP version 13\n1..%s\n' "${#chosen[@]}"
      run_checks
      printf '# %s passed (%s by effect, %s by configuration), %s failed, %s not here\n' \
        $((effect + configuration)) "$effect" "$configuration" "$failed" "$skipped"
      ;;
    json)
      printf '{\n  "phase": "%s",\n  "checks": [' "$phase"
      run_checks
      printf '\n  ],\n  "passed": %s,\n  "by_effect": %s,\n  "by_configuration": %s,\n  "failed": %s,\n  "skipped": %s\n}\n' \
        $((effect + configuration)) "$effect" "$configuration" "$failed" "$skipped"
      ;;
  esac
  [ "$failed" = 0 ]
}

if [ -n "${VERIFY_INSIDE-}" ] || [ "$(id -u)" != 0 ]; then
  verify
  result=$?
else
  again=(--format "$format" --phase "$phase" --timeout "$seconds")
  for control in ${only[@]+"${only[@]}"}; do
    again+=(--only "$control")
  done
  VERIFY_INSIDE=1 unshare --mount --propagation private -- bash "${BASH_SOURCE[0]}" "${again[@]}"
  result=$?
fi

if [ -n "$sbom" ]; then
  # shellcheck source=/dev/null
  . "$folder/verify/sbom.sh"
  if ! bill_of_materials >"$sbom.part" || ! mv "$sbom.part" "$sbom"; then
    rm -f "$sbom.part"
    refuse "the packages could not be written to $sbom"
  fi
fi

exit "$result"
