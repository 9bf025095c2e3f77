#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: looks for credentials.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Credentials in files, by the forms that their issuers give them.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

# Every place in these folders that looks like a credential, without the credential: `path: kind` lines. What AWS and
# others print in their documentation is nobody's.
secrets_in() {
  find "$@" -xdev -type f -size +7c -size -16M ! -path '/etc/ssl/certs/*' ! -path '/etc/ssh/ssh_host_*' -print0 2>/dev/null | perl -0ne '
    chomp; my $path = $_;
    open(my $file, "<", $path) or next;
    binmode $file; local $/; my $text = <$file>; close $file;
    next unless defined $text;
    my %found;
    $found{"a private key"} = 1 if $text =~ /-----BEGIN[ A-Z0-9_-]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:\\r|\\n|\s)+(?:[A-Za-z-]+: [^\n]*\n)*\s*["+\s]*[A-Za-z0-9+\/=]{40}/;
    while ($text =~ /\b((?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})\b/g) { $found{"an AWS access key"} = 1 unless $1 =~ /EXAMPLE$/ }
    while ($text =~ /\b((?:gh[pousr]_[A-Za-z0-9]{36})|github_pat_\w{82}|glpat-[\w-]{20}|xox[abeprs]-[A-Za-z0-9-]{20,}|xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]+|[sr]k_(?:live|test|prod)_[A-Za-z0-9]{20,}|AIza[\w-]{35}|npm_[A-Za-z0-9]{36}|hv[sb]\.[\w-]{90,}|sk-ant-(?:api|admin|oat)\d\d-[\w-]{60,}|sk-(?:proj|svcacct|admin)-[\w-]{40,}|sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|SG\.[\w-]{22}\.[\w-]{43}|dop_v1_[a-f0-9]{64}|AGE-SECRET-KEY-1[A-Z0-9]{58}|pypi-AgEIcHlwaS5vcmc[\w-]{50,})\b/g) {
      my $token = $1; $found{"a token that begins with " . substr($token, 0, 4)} = 1 unless $token =~ /(.)\1{7}|EXAMPLE|example|0123456789abcdef/;
    }
    while ($text =~ /\b(eyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{20,})/g) { $found{"a JSON Web Token"} = 1 unless $path =~ m{/node_modules/} }
    if ($path !~ m{/node_modules/.*\.(?:md|markdown|map|d\.[cm]?ts)$|^/usr/share/doc/}) {
      while ($text =~ m{\b[a-z][a-z0-9+.-]{1,12}://[^\s/:@"\x27`<>\$\{\}()|\\]{1,64}:([^\s/:@"\x27`<>\$\{\}()|\\]{6,128})\@([A-Za-z0-9.-]+)}g) {
        my ($password, $host) = ($1, $2);
        next if $password =~ /^(?:pass(?:word|wd)?|passw0rd|secret|user(?:name)?|pwd|token|\*+|x+|\.+|%[sd].*|your.*|my.*pass.*)$/i;
        next if $host =~ /(?:^|\.)example(?:\.|$)|^(?:localhost|127\.|host(?:name)?$|foo|bar|domain|server$|proxy)/;
        $found{"a password in a URL"} = 1;
      }
    }
    print "$path: $_\n" for sort keys %found;'
}

# Where nothing but the system's own packages is, nothing is looked for: their documentation is full of examples.
no_secrets() {
  local found
  found=$(secrets_in $(ls -d /etc /opt /root /home /srv /usr/local /var/lib/cloud /var/lib/valet /var/lib/adspower /var/www /var/tmp 2>/dev/null) | head -n5)
  [ -z "$found" ] || fail "$found"
}
