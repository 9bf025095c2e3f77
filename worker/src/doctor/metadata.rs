//! Whether the metadata service answers with a token and refuses without one, and whether its clock
//! is ours. Asked by hand: the SDK's client neither asks without a token nor shows the headers.

use std::time::Duration;

use hyper::header::DATE;
use hyper::{Method, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use tokio::net::TcpStream;

use super::Finding;
use crate::http::{self, Answer};

/// Where it is, unless the variable that the SDK obeys says otherwise.
const ADDRESS: &str = "169.254.169.254:80";
const ADDRESS_VARIABLE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// How far the clocks may be apart. Deadlines are reckoned from AWS's times.
const APART: i64 = 5;

/// Asks it for a token, and for something without one.
pub async fn check() -> Vec<Finding> {
    let token = ask(Method::PUT, "/latest/api/token").await;
    let with_token = token.as_ref().map_err(Clone::clone).and_then(|answer| {
        if answer.status.is_success() {
            Ok("it gives a token".to_owned())
        } else {
            Err(format!("it gives no token: {}", answer.status))
        }
    });
    let without = ask(Method::GET, "/latest/meta-data/")
        .await
        .and_then(|answer| {
            if answer.status == StatusCode::UNAUTHORIZED {
                Ok("it answers nothing without a token".to_owned())
            } else {
                Err(format!(
                    "it answers {} without a token: set http_tokens to required",
                    answer.status
                ))
            }
        });
    vec![
        Finding::new("metadata", "IMDSv2 answers", with_token),
        Finding::new("metadata", "IMDSv1 is off", without),
        Finding::new(
            "clock",
            "it is right",
            token.and_then(|answer| clock(&answer)),
        ),
    ]
}

fn clock(answer: &Answer) -> Result<String, String> {
    let date = answer
        .headers
        .get(DATE)
        .and_then(|date| date.to_str().ok())
        .and_then(|date| rfc2822::parse(date).ok())
        .ok_or("the metadata service does not say what time it is")?;
    let apart = Timestamp::now().duration_since(date.timestamp()).as_secs();
    let words = format!("{apart} s from the metadata service's");
    if apart.abs() <= APART {
        Ok(words)
    } else {
        Err(format!("{words}: read `chronyc tracking`"))
    }
}

async fn ask(method: Method, path: &str) -> Result<Answer, String> {
    let address = std::env::var(ADDRESS_VARIABLE).map_or_else(
        |_| ADDRESS.to_owned(),
        |url| {
            url.trim_start_matches("http://")
                .trim_end_matches('/')
                .to_owned()
        },
    );
    let exchange = async {
        let stream = TcpStream::connect(&address)
            .await
            .map_err(|error| error.to_string())?;
        let mut request = http::request(method, path, Vec::new(), None)?;
        let seconds = hyper::header::HeaderValue::from_static("60");
        request
            .headers_mut()
            .insert("x-aws-ec2-metadata-token-ttl-seconds", seconds);
        http::send(stream, request).await
    };
    match tokio::time::timeout(PATIENCE, exchange).await {
        Ok(answer) => answer.map_err(|error| format!("{address}: {error}")),
        Err(_) => Err(format!(
            "{address} does not answer within {} s",
            PATIENCE.as_secs()
        )),
    }
}
