#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: looks for credentials.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Credentials in files, by the forms that their issuers give them.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

# The shapes of credentials, and files that fleet.toml excepts.
secret_rules() {
  printf '%s\n' 'an AWS access key	\b(?:A3T[A-Z0-9]|AKIA|ABIA|ACCA)[A-Z2-7]{16}\b' 'a temporary AWS access key	\bASIA[A-Z2-7]{16}\b' 'a GitHub token	\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{82})\b' 'a GitLab token	\bgl(?:pat|dt|rt|soat|ptt|ft|imt|cbt)-[A-Za-z0-9_-]{20,}' 'a Slack token	\b(?:xox[abeoprs]-[A-Za-z0-9-]{20,}|xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]+)' 'a Slack webhook	hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{43,56}' 'a Stripe key	\b[sr]k_(?:live|test|prod)_[A-Za-z0-9]{20,}\b' 'a Google API key	\bAIza[A-Za-z0-9_-]{35}' 'an npm token	\bnpm_[A-Za-z0-9]{36}\b' 'a PyPI token	\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}' 'a Vault token	\bhv[sb]\.[A-Za-z0-9_-]{90,}' 'an Anthropic API key	\bsk-ant-(?:api|admin|oat)\d\d-[A-Za-z0-9_-]{60,}' 'an OpenAI API key	\b(?:sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,}|sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20})' 'a Hugging Face token	\bhf_[A-Za-z]{34}\b' 'a SendGrid token	\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b' 'a DigitalOcean token	\bdo[por]_v1_[a-f0-9]{64}\b' 'a Databricks token	\bdapi[a-f0-9]{32}(?:-\d)?\b' 'a Grafana token	\bgl(?:c_[A-Za-z0-9+/]{32,}|sa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8})' 'a Terraform Cloud token	\b[a-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}' 'a Twilio key	\bSK[0-9a-f]{32}\b' 'a Telegram bot token	\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b' 'a Postman token	\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}\b' 'a Doppler token	\bdp\.pt\.[A-Za-z0-9]{43}\b' 'a Linear key	\blin_api_[A-Za-z0-9]{40}\b' 'a Shopify token	\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b' 'a Square token	\b(?:EAAA|sq0atp-|sq0csp-)[A-Za-z0-9_-]{22,60}\b' 'a Pulumi token	\bpul-[a-f0-9]{40}\b' 'a New Relic key	\bNR(?:AK-[A-Z0-9]{27}|JS-[a-f0-9]{19})\b' 'a RubyGems token	\brubygems_[a-f0-9]{48}\b' 'an age secret key	\bAGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}\b' 'a 1Password token	\bops_eyJ[A-Za-z0-9+/]{250,}={0,3}' 'an Azure storage key	AccountKey=[A-Za-z0-9+/]{86}==' 'a Dynatrace token	\bdt0c01\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}\b' 'a Fly.io token	\bfo1_[A-Za-z0-9_-]{43}\b' 'a Sentry token	\bsntry[su]_[A-Za-z0-9+/=_-]{60,}'
}
secret_exceptions() {
  printf '%s\n'  ''
}

# Every place in these folders that looks like a credential, without the credential: `path: kind` lines. What AWS and
# others print in their documentation is nobody's, and a file that fleet.toml excepts is not looked at.
secrets_in() {
  find "$@" -xdev -type f -size +7c -size -16M ! -path '/etc/ssl/certs/*' ! -path '/etc/ssh/ssh_host_*' -print0 2>/dev/null |
    SECRET_RULES=$(secret_rules) SECRET_EXCEPTIONS=$(secret_exceptions) perl -0ne '
    BEGIN {
      @rules = map { my ($kind, $pattern) = split /\t/, $_, 2; [$kind, qr/($pattern)/] } split /\n/, $ENV{SECRET_RULES};
      $excepted{$_} = 1 for split /\n/, $ENV{SECRET_EXCEPTIONS};
      sub example { $_[0] =~ /(.)\1{7}|example|0123456789abcdef|1234567890abcdef|abcdefghijklmnop/i }
    }
    chomp; my $path = $_;
    next if $excepted{$path};
    open(my $file, "<", $path) or next;
    binmode $file; local $/; my $text = <$file>; close $file;
    next unless defined $text;
    my %found;
    $found{"a private key"} = 1 if $text =~ /-----BEGIN[ A-Z0-9_-]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:\\r|\\n|\s)+(?:[A-Za-z-]+: [^\n]*\n)*\s*["+\s]*[A-Za-z0-9+\/=]{40}/;
    for my $rule (@rules) {
      while ($text =~ /$rule->[1]/g) { my $token = $1; unless (example($token)) { $found{$rule->[0]} = 1; last } }
    }
    my $is_library = $path =~ m{/node_modules/};
    while ($text =~ /\b(eyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{20,})/g) { $found{"a JSON Web Token"} = 1 unless $is_library }
    if ($path !~ m{/node_modules/.*(?:\.(?:md|markdown|map|d\.[cm]?ts)$|/(?:tests?|__tests__|spec)/)|^/usr/share/doc/}) {
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
