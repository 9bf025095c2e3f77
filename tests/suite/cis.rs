//! The sections of the CIS benchmark that controls name, held against the SCAP Security Guide's own
//! references to the same benchmark.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use roxmltree::Document;
use test_support::pipeline::repository;
use test_support::skip;
use valet_gen::catalog::controls;

/// Where `.ci/scap` puts the guide for the benchmark that controls name.
const GUIDE: &str = "target/scap/ssg-ubuntu2404-ds.xml";

/// What the guide calls the benchmark.
const BENCHMARK: &str = "https://www.cisecurity.org/benchmark/ubuntu_linux/";

const RULE: &str = "xccdf_org.ssgproject.content_rule_";

/// Sections that the guide has no rule for, because the benchmark leaves them to people.
const WITHOUT_A_RULE: [&str; 1] = ["os.suid-listed"];

/// A rule of the guide that asks for the same as the control does.
const SAME: &[(&str, &str)] = &[
    ("os.apparmor-enforced", "package_apparmor_installed"),
    ("os.aslr", "sysctl_kernel_randomize_va_space"),
    (
        "os.audit-files-private",
        "file_permissions_etc_audit_rulesd",
    ),
    (
        "os.audit-identity",
        "audit_rules_usergroup_modification_group",
    ),
    ("os.audit-immutable", "audit_rules_immutable"),
    ("os.audit-kernel", "audit_rules_kernel_module_loading_init"),
    ("os.audit-privileges", "audit_rules_sysadmin_actions"),
    ("os.auditd", "service_auditd_enabled"),
    (
        "os.broadcast-pings-ignored",
        "sysctl_net_ipv4_icmp_echo_ignore_broadcasts",
    ),
    ("os.core-dumps-off", "disable_users_coredumps"),
    ("os.cron-modes", "file_permissions_cron_daily"),
    ("os.dev-shm-noexec", "mount_option_dev_shm_noexec"),
    ("os.firewall", "service_nftables_enabled"),
    ("os.firewall-drops", "nftables_ensure_default_deny_policy"),
    ("os.forwarding-off", "sysctl_net_ipv4_ip_forward"),
    ("os.idle-shell-ends", "accounts_tmout"),
    ("os.inactive-accounts", "account_disable_post_pw_expiration"),
    ("os.jobs-only-of-root", "file_permissions_cron_allow"),
    ("os.journal-here", "journald_compress"),
    ("os.journal-kept", "journald_storage"),
    ("os.kernel-modules-listed", "kernel_module_cramfs_disabled"),
    ("os.legacy-clients-absent", "package_telnet_removed"),
    ("os.log-modes", "rsyslog_filecreatemode"),
    ("os.login-banner", "banner_etc_issue_cis"),
    ("os.login-lockout", "accounts_passwords_pam_faillock_deny"),
    (
        "os.martians-logged",
        "sysctl_net_ipv4_conf_all_log_martians",
    ),
    ("os.no-crash-reports", "service_apport_disabled"),
    ("os.no-empty-passwords", "no_empty_passwords_etc_shadow"),
    ("os.no-null-passwords", "no_empty_passwords_unix"),
    ("os.no-unowned", "no_files_unowned_by_user"),
    (
        "os.no-world-writable",
        "file_permissions_unauthorized_world_writable",
    ),
    ("os.one-superuser", "accounts_no_uid_except_zero"),
    ("os.password-age", "accounts_maximum_age_login_defs"),
    (
        "os.password-hashing",
        "set_password_hashing_algorithm_logindefs",
    ),
    (
        "os.password-history",
        "accounts_password_pam_pwhistory_remember",
    ),
    ("os.password-quality", "accounts_password_pam_minlen"),
    ("os.ptrace-restricted", "sysctl_kernel_yama_ptrace_scope"),
    ("os.rare-protocols-off", "kernel_module_dccp_disabled"),
    (
        "os.redirects-off",
        "sysctl_net_ipv4_conf_all_accept_redirects",
    ),
    (
        "os.reverse-path-filter",
        "sysctl_net_ipv4_conf_all_rp_filter",
    ),
    ("os.root-locked", "ensure_root_access_controlled"),
    (
        "os.router-advertisements-off",
        "sysctl_net_ipv6_conf_all_accept_ra",
    ),
    ("os.shadow-mode", "file_permissions_etc_shadow"),
    ("os.shell-umask", "accounts_umask_etc_profile"),
    (
        "os.source-routes-off",
        "sysctl_net_ipv4_conf_all_accept_source_route",
    ),
    ("os.ssh-accounts-limited", "sshd_limit_user_access"),
    ("os.ssh-banner", "sshd_enable_warning_banner_net"),
    ("os.ssh-config-mode", "file_permissions_sshd_config"),
    ("os.ssh-idle-ends", "sshd_set_idle_timeout"),
    ("os.ssh-login-grace", "sshd_set_login_grace_time"),
    ("os.ssh-max-auth-tries", "sshd_set_max_auth_tries"),
    ("os.ssh-no-empty-passwords", "sshd_disable_empty_passwords"),
    ("os.ssh-no-forwarding", "sshd_disable_forwarding"),
    ("os.ssh-no-host-based", "disable_host_auth"),
    ("os.ssh-no-root", "sshd_disable_root_login"),
    ("os.ssh-no-user-environment", "sshd_do_not_permit_user_env"),
    ("os.ssh-sessions-limited", "sshd_set_maxstartups"),
    ("os.ssh-strong-algorithms", "sshd_use_strong_ciphers"),
    ("os.su-restricted", "use_pam_wheel_group_for_su"),
    ("os.sudo-asks-again", "sudo_require_reauthentication"),
    ("os.sudo-recorded", "sudo_add_use_pty"),
    ("os.syncookies", "sysctl_net_ipv4_tcp_syncookies"),
    (
        "os.system-accounts-no-login",
        "no_shelllogin_for_systemaccounts",
    ),
    ("os.time-synchronised", "chronyd_configure_pool_and_server"),
    ("os.tmp-noexec", "mount_option_tmp_noexec"),
    ("os.tmp-separate", "partition_for_tmp"),
    ("os.umask", "accounts_umask_etc_login_defs"),
    ("os.unused-services", "service_cups_disabled"),
];

/// The sections of the benchmark that each rule of the guide refers to.
fn references(guide: &str) -> BTreeMap<String, BTreeSet<String>> {
    let document = Document::parse(guide).expect("XML");
    let rules = document.descendants().filter(|it| it.has_tag_name("Rule"));
    let references = rules.map(|rule| {
        let id = rule.attribute("id").expect("every rule has one");
        let of_benchmark = rule
            .children()
            .filter(|it| it.has_tag_name("reference") && it.attribute("href") == Some(BENCHMARK));
        let sections = of_benchmark
            .filter_map(|it| it.text())
            .map(ToOwned::to_owned);
        (id.trim_start_matches(RULE).to_owned(), sections.collect())
    });
    references.collect()
}

#[test]
fn the_sections_of_controls_are_those_of_the_rules_that_ask_for_the_same() {
    let Ok(guide) = fs::read_to_string(repository().join(GUIDE)) else {
        skip(&format!(
            "CIS sections: there is no {GUIDE}, which .ci/scap fetches"
        ));
        return;
    };
    let references = references(&guide);
    assert!(references.len() > 400, "{}", references.len());
    let same: BTreeMap<&str, &str> = SAME.iter().copied().collect();
    let mut wrong = Vec::new();
    for control in controls::all().filter(|it| !WITHOUT_A_RULE.contains(&it.id)) {
        let rule = same.get(control.id);
        let Some(section) = control.cis else {
            assert!(rule.is_none(), "{} names no section", control.id);
            continue;
        };
        let rule = rule.unwrap_or_else(|| panic!("{} has no rule to be held against", control.id));
        let sections = references.get(*rule);
        let sections = sections.unwrap_or_else(|| panic!("the guide has no rule {rule}"));
        let within = format!("{section}.");
        let fits = |it: &String| it == section || it.starts_with(&within);
        if !sections.iter().any(fits) {
            wrong.push(format!(
                "{}: {section}, and {rule} is {sections:?}",
                control.id
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
