//! Where credentials come from. These are the four ways in which servers run; profiles, single sign-on and programs are
//! for people, who export what those give them.

use std::path::PathBuf;
use std::time::Duration;

use aws_credential_types::Credentials;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;

use super::client::answer;
use super::credentials::system_time;
use super::endpoints::Service;
use super::parameters::Parameters;
use super::{Endpoints, xml};
use crate::outbound::{Address, Outbound, OutboundResponse, Request};

/// How long a source may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Where ECS answers the tasks of an instance.
const ECS: &str = "http://169.254.170.2";
/// The hosts that credentials may come from without TLS: ECS and EKS (SDKs and Tools Reference Guide, "Container
/// credential provider"). Loopback is another.
const PLAIN_HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];
/// The metadata service of EC2.
const METADATA: &str = "http://169.254.169.254";
const ROLE: &str = "/latest/meta-data/iam/security-credentials/";

/// A source.
#[derive(Clone, Debug)]
pub enum CredentialSource {
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
    Environment(Credentials),
    /// `AWS_WEB_IDENTITY_TOKEN_FILE`, as a pod of EKS with an IAM role for its service account has it.
    WebIdentity {
        token_file: PathBuf,
        role: String,
        session: String,
        region: String,
    },
    /// `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `_FULL_URI`, as ECS and EKS Pod Identity have them.
    Container {
        url: String,
        token: Option<String>,
        token_file: Option<PathBuf>,
    },
    /// The instance's role, by the metadata service, version 2.
    Instance { url: String },
}

impl CredentialSource {
    /// The source that the environment names, or the instance's role. `region` is for STS, where `AWS_REGION` is not set.
    #[must_use]
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>, region: &str) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        if let (Some(id), Some(secret)) = (set("AWS_ACCESS_KEY_ID"), set("AWS_SECRET_ACCESS_KEY")) {
            let token = set("AWS_SESSION_TOKEN");
            return Self::Environment(Credentials::new(id, secret, token, None, "environment"));
        }
        if let (Some(file), Some(role)) = (set("AWS_WEB_IDENTITY_TOKEN_FILE"), set("AWS_ROLE_ARN"))
        {
            return Self::WebIdentity {
                token_file: file.into(),
                role,
                session: set("AWS_ROLE_SESSION_NAME").unwrap_or_else(|| "valet-control".to_owned()),
                region: set("AWS_REGION").unwrap_or_else(|| region.to_owned()),
            };
        }
        let relative =
            set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").map(|path| format!("{ECS}{path}"));
        if let Some(url) = relative.or_else(|| set("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
            return Self::Container {
                url,
                token: set("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
                token_file: set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").map(Into::into),
            };
        }
        Self::Instance {
            url: set("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or_else(|| METADATA.to_owned()),
        }
    }

    /// Asks for credentials.
    ///
    /// # Errors
    ///
    /// Why there are none; without any secret.
    pub async fn fetch(
        &self,
        outbound: &Outbound,
        endpoints: &Endpoints,
    ) -> Result<Credentials, String> {
        match self {
            Self::Environment(credentials) => Ok(credentials.clone()),
            Self::WebIdentity {
                token_file,
                role,
                session,
                region,
            } => {
                let token = read(token_file).await?;
                let parameters = Parameters::default()
                    .with("RoleArn", role)
                    .with("RoleSessionName", session)
                    .with("WebIdentityToken", token);
                let address = endpoints
                    .of(Service::Sts, region)
                    .map_err(|error| error.to_string())?;
                web_identity(outbound, &address, &parameters).await
            }
            Self::Container {
                url,
                token,
                token_file,
            } => {
                let token = match token_file {
                    Some(file) => Some(read(file).await?),
                    None => token.clone(),
                };
                container(outbound, url, token).await
            }
            Self::Instance { url } => instance(outbound, url).await,
        }
    }
}

async fn read(file: &PathBuf) -> Result<String, String> {
    let text = tokio::fs::read_to_string(file)
        .await
        .map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(text.trim().to_owned())
}

async fn web_identity(
    outbound: &Outbound,
    address: &Address,
    parameters: &Parameters,
) -> Result<Credentials, String> {
    const ACTION: &str = "AssumeRoleWithWebIdentity";
    let request = Request {
        method: Method::POST,
        path: "/".to_owned(),
        headers: vec![(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        )],
        body: parameters
            .encode(ACTION, Service::Sts.version())
            .into_bytes(),
    };
    let response = outbound
        .send(address, request, TIMEOUT, || true)
        .await
        .map_err(|error| error.to_string())?;
    let text = answer(ACTION, &response).map_err(|error| error.to_string())?;
    // Neither the text nor the parser's own words are repeated: they could hold the key.
    let unreadable = || format!("{ACTION}: the response cannot be read");
    let document = xml::parse(&text).map_err(|_| unreadable())?;
    let given = xml::find(&document, "Credentials").ok_or_else(unreadable)?;
    let part = |name: &str| xml::text(given, name).ok_or_else(unreadable);
    let end: Timestamp = part("Expiration")?.parse().map_err(|_| unreadable())?;
    Ok(Credentials::new(
        part("AccessKeyId")?,
        part("SecretAccessKey")?,
        Some(part("SessionToken")?.to_owned()),
        Some(system_time(end)),
        "web identity",
    ))
}

/// As containers and the metadata service give it. It is not to be shown, so there is no `Debug`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    access_key_id: String,
    secret_access_key: String,
    token: String,
    expiration: Timestamp,
}

fn given(response: &OutboundResponse, source: &'static str) -> Result<Credentials, String> {
    if response.status != StatusCode::OK {
        return Err(format!("{source}: it answers {}", response.status));
    }
    let given: Given = serde_json::from_slice(&response.body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("{source}: the credentials cannot be read, line {line}, column {column}")
    })?;
    Ok(Credentials::new(
        given.access_key_id,
        given.secret_access_key,
        Some(given.token),
        Some(system_time(given.expiration)),
        source,
    ))
}

async fn container(
    outbound: &Outbound,
    url: &str,
    token: Option<String>,
) -> Result<Credentials, String> {
    const SOURCE: &str = "container credentials";
    let mut address = Address::parse(url).map_err(|error| error.to_string())?;
    if !address.is_tls && !address.is_loopback() && !PLAIN_HOSTS.contains(&address.host.as_str()) {
        return Err(format!(
            "{SOURCE}: {} may not be asked without TLS",
            address.host
        ));
    }
    let url = url::Url::parse(url).map_err(|error| error.to_string())?;
    let query = url
        .query()
        .map_or_else(String::new, |query| format!("?{query}"));
    address.prefix = String::new();
    let mut headers = Vec::new();
    if let Some(token) = token {
        let mut value = HeaderValue::try_from(token)
            .map_err(|_| format!("{SOURCE}: no header can carry the token"))?;
        value.set_sensitive(true);
        headers.push((AUTHORIZATION, value));
    }
    let request = Request {
        method: Method::GET,
        path: format!("{}{query}", url.path()),
        headers,
        body: Vec::new(),
    };
    let response = outbound
        .send(&address, request, TIMEOUT, || true)
        .await
        .map_err(|error| format!("{SOURCE}: {error}"))?;
    given(&response, SOURCE)
}

async fn instance(outbound: &Outbound, url: &str) -> Result<Credentials, String> {
    const SOURCE: &str = "metadata service";
    const TOKEN: &str = "x-aws-ec2-metadata-token";
    let address = Address::parse(url).map_err(|error| error.to_string())?;
    let ask = async |method: Method, path: String, name: &'static str, value: &str| {
        let value = HeaderValue::try_from(value)
            .map_err(|_| format!("{SOURCE}: no header can carry its token"))?;
        let request = Request {
            method,
            path,
            headers: vec![(HeaderName::from_static(name), value)],
            body: Vec::new(),
        };
        outbound
            .send(&address, request, TIMEOUT, || true)
            .await
            .map_err(|error| format!("{SOURCE}: {error}"))
    };
    let text = |response: &OutboundResponse| {
        if response.status == StatusCode::OK {
            Ok(String::from_utf8_lossy(&response.body).trim().to_owned())
        } else {
            Err(format!("{SOURCE}: it answers {}", response.status))
        }
    };
    let token = ask(
        Method::PUT,
        "/latest/api/token".to_owned(),
        "x-aws-ec2-metadata-token-ttl-seconds",
        "300",
    )
    .await?;
    let token = text(&token)?;
    let role = ask(Method::GET, ROLE.to_owned(), TOKEN, &token).await?;
    if role.status == StatusCode::NOT_FOUND {
        return Err(format!("{SOURCE}: the instance has no role"));
    }
    let role = text(&role)?;
    let role = role.lines().next().unwrap_or_default();
    let response = ask(Method::GET, format!("{ROLE}{role}"), TOKEN, &token).await?;
    given(&response, SOURCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> CredentialSource {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        CredentialSource::from_environment(variable, "eu-central-1")
    }

    #[test]
    fn the_environment_names_the_source() {
        let keys = [
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "hidden"),
        ];
        let source = of(&keys);
        assert!(
            matches!(&source, CredentialSource::Environment(given) if given.access_key_id() == "AKID")
        );
        assert!(!format!("{source:?}").contains("hidden"));
        let pod = [
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"),
            ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
        ];
        assert!(
            matches!(of(&pod), CredentialSource::WebIdentity { region, .. } if region == "eu-central-1")
        );
        let task = [("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x")];
        assert!(
            matches!(of(&task), CredentialSource::Container { url, .. } if url == "http://169.254.170.2/v2/x")
        );
        // An empty variable is none.
        let empty = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
        assert!(matches!(of(&empty), CredentialSource::Instance { url } if url == METADATA));
    }

    #[tokio::test]
    async fn a_token_goes_to_no_other_host_without_tls() {
        let error = container(
            &Outbound::default(),
            "http://example.com/x",
            Some("hidden".to_owned()),
        )
        .await
        .expect_err("it is refused");
        assert_eq!(
            error,
            "container credentials: example.com may not be asked without TLS"
        );
    }
}
