use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

fn token() -> SecretString {
    let claims = r#"{"sub":"t","server_url":"https://hatchet.example/","grpc_broadcast_address":"engine.example:443","exp":1800000000}"#;
    SecretString::from(format!("e30.{}.c2ln\n", URL_SAFE_NO_PAD.encode(claims)))
}

fn read_with(tls: Tls, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::read(&token(), tls, |name| {
        let variable = variables.iter().find(|(known, _)| *known == name);
        variable.map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn the_token_says_where_hatchet_is() {
    let settings = read_with(Tls::Tls, &[]).unwrap();
    assert_eq!(settings.rest, "https://hatchet.example");
    assert_eq!(settings.grpc, "engine.example:443");
    assert!(settings.tls.is_some());
    assert!(!settings.token.expose_secret().ends_with('\n'));
    let shown = format!("{settings:?}");
    assert!(!shown.contains(settings.token.expose_secret()));
}

#[test]
fn variables_go_before_the_token() {
    let settings = read_with(
        Tls::None,
        &[
            ("HATCHET_CLIENT_API_URL", "http://127.0.0.1:8080/"),
            ("HATCHET_CLIENT_HOST_PORT", "127.0.0.1:7077"),
        ],
    )
    .unwrap();
    assert_eq!(settings.rest, "http://127.0.0.1:8080");
    assert_eq!(settings.grpc, "127.0.0.1:7077");
    assert!(settings.tls.is_none());
}

#[test]
fn mutual_tls_asks_for_its_files() {
    let error = read_with(Tls::Mtls, &[]).unwrap_err().to_string();
    assert!(error.contains("HATCHET_CLIENT_TLS_CERT_FILE"), "{error}");
    let files = [
        ("HATCHET_CLIENT_TLS_CERT_FILE", "/no/such.crt"),
        ("HATCHET_CLIENT_TLS_KEY_FILE", "/no/such.key"),
    ];
    let error = read_with(Tls::Mtls, &files).unwrap_err().to_string();
    assert!(error.contains("/no/such.crt cannot be read"), "{error}");
}

#[test]
fn a_token_counts_until_its_end() {
    let settings = read_with(Tls::Tls, &[]).unwrap();
    let at = |second| Timestamp::from_second(second).unwrap();
    assert!(!settings.expired(at(1_799_999_999)));
    assert!(settings.expired(at(1_800_000_000)));
}
