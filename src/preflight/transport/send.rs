//! All questions of a round, by a few threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use valet_bake_aws::sdk::{Signer, UnsignedRequest};

use super::super::call::{Answer, Call, prune};
use super::super::run::Source;
use super::decode::{Decoded, Response, decode};
use super::encode::{Request, encode, page_member};

/// How many questions are under way at a time. Service Quotas allows ten a second.
const THREADS: usize = 8;

/// How often one is sent at the most.
const MAX_ATTEMPTS: u32 = 4;

/// The longest that one attempt takes.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(8);

/// Pages of one answer.
const MAX_PAGES: usize = 20;

/// The largest answer that is read, in bytes.
const MAX_ANSWER_BYTES: u64 = 16 * 1024 * 1024;

/// Asks an account.
pub struct Transport {
    agent: Agent,
    signer: Signer,
    partition: String,
    /// When nothing more is sent.
    deadline: Instant,
}

impl Transport {
    /// # Errors
    /// When this machine trusts no certificate authority, in words.
    pub fn new(signer: Signer, partition: &str, time: Duration) -> Result<Self, String> {
        let is_plain = signer
            .endpoint()
            .is_some_and(|it| it.starts_with("http://"));
        let mut config = Agent::config_builder()
            .timeout_global(Some(ATTEMPT_TIMEOUT))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("valet-gen/", env!("CARGO_PKG_VERSION")));
        if is_plain {
            config = config.proxy(None);
        } else {
            config = config.tls_config(tls()?);
        }
        Ok(Self {
            agent: config.build().new_agent(),
            signer,
            partition: partition.to_owned(),
            deadline: Instant::now() + time,
        })
    }

    /// The address of a service: what the environment names, as for every program of AWS, or AWS's own.
    fn address(&self, call: &Call) -> String {
        let variable = format!(
            "AWS_ENDPOINT_URL_{}",
            call.service.to_uppercase().replace('-', "_")
        );
        let named = std::env::var(variable).ok();
        if let Some(named) = named.as_deref().or(self.signer.endpoint()) {
            return named.trim_end_matches('/').to_owned();
        }
        let (service, region) = (call.service, &call.region);
        match (service, self.partition.as_str()) {
            ("iam", "aws") => "https://iam.amazonaws.com".to_owned(),
            ("iam", "aws-us-gov") => "https://iam.us-gov.amazonaws.com".to_owned(),
            (_, "aws-cn") => format!("https://{service}.{region}.amazonaws.com.cn"),
            _ => format!("https://{service}.{region}.amazonaws.com"),
        }
    }

    fn answer(&self, call: &Call) -> Answer {
        let mut input = call.input.clone();
        let mut whole: Option<Value> = None;
        for _ in 0..MAX_PAGES {
            let page = match self.persist(call, &input) {
                Ok(page) => page,
                Err(answer) => return answer,
            };
            let next = next_page(&page).map(str::to_owned);
            let page = prune(page, call.keep);
            whole = Some(match whole {
                None => page,
                Some(before) => joined(before, page),
            });
            match next {
                None => return Answer::Given(whole.unwrap_or_default()),
                Some(next) => input[page_member(call)] = Value::from(next),
            }
        }
        Answer::Unreachable {
            problem: format!("its answer has more than {MAX_PAGES} pages"),
        }
    }

    /// One page, asked for again where AWS says to come back.
    fn persist(&self, call: &Call, input: &Value) -> Result<Value, Answer> {
        let mut last = Answer::Unreachable {
            problem: "there was no time left to ask".to_owned(),
        };
        for attempt in 0..MAX_ATTEMPTS {
            if attempt > 0 {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "AWS asks to come back later, and nothing says when that is"
                )]
                thread::sleep(Duration::from_millis(200) * 2_u32.pow(attempt));
            }
            if Instant::now() >= self.deadline {
                break;
            }
            last = match self.send(call, input) {
                Ok(Decoded::Value(value)) => return Ok(value),
                Ok(Decoded::Refusal { code, message }) => {
                    let again = is_later(&code);
                    let refused = Answer::Refused { code, message };
                    if !again {
                        return Err(refused);
                    }
                    refused
                }
                Ok(Decoded::Nonsense(problem)) | Err(problem) => Answer::Unreachable { problem },
            };
        }
        Err(last)
    }

    fn send(&self, call: &Call, input: &Value) -> Result<Decoded, String> {
        let Request {
            method,
            path,
            content_type,
            target,
            body,
        } = encode(call, input);
        let url = format!("{}{path}", self.address(call));
        let mut headers = vec![("content-type", content_type)];
        headers.extend(target.as_deref().map(|target| ("x-amz-target", target)));
        let signed = self.signer.sign(UnsignedRequest {
            service: call.service,
            region: &call.region,
            method,
            url: &url,
            headers: &headers,
            body: body.as_bytes(),
        });
        let signed = signed.map_err(|error| error.problem)?;
        let mut request = http::Request::builder().method(method).uri(&url);
        for (name, value) in headers.iter().copied().chain(
            signed
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        ) {
            request = request.header(name, value);
        }
        let sent = if method == "POST" {
            let request = request.body(body).map_err(|error| error.to_string())?;
            self.agent.run(request)
        } else {
            let request = request.body(()).map_err(|error| error.to_string())?;
            self.agent.run(request)
        };
        let mut response = sent.map_err(|error| format!("AWS cannot be reached: {error}"))?;
        let header = response.headers().get("x-amzn-errortype");
        let error_type = header.and_then(|it| it.to_str().ok()).map(str::to_owned);
        let text = response
            .body_mut()
            .with_config()
            .limit(MAX_ANSWER_BYTES)
            .read_to_string();
        Ok(decode(&Response {
            status: response.status().as_u16(),
            error_type,
            text: text.map_err(|error| format!("its answer cannot be read: {error}"))?,
        }))
    }
}

impl Source for Transport {
    fn ask(&mut self, calls: &[Call]) -> Vec<Answer> {
        let next = AtomicUsize::new(0);
        let answers: Mutex<Vec<Option<Answer>>> = Mutex::new(vec![None; calls.len()]);
        let this = &*self;
        thread::scope(|scope| {
            for _ in 0..THREADS.min(calls.len()) {
                scope.spawn(|| {
                    while let Some((index, call)) = {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        calls.get(index).map(|call| (index, call))
                    } {
                        let answer = this.answer(call);
                        if let Ok(mut answers) = answers.lock() {
                            answers[index] = Some(answer);
                        }
                    }
                });
            }
        });
        let answers = answers.into_inner().unwrap_or_default();
        let lost = || Answer::Unreachable {
            problem: "it was not asked".to_owned(),
        };
        answers
            .into_iter()
            .map(|answer| answer.unwrap_or_else(lost))
            .collect()
    }
}

/// Codes that say to ask again later.
fn is_later(code: &str) -> bool {
    code.contains("Throttl")
        || code.contains("TooManyRequests")
        || matches!(
            code,
            "429"
                | "500"
                | "502"
                | "503"
                | "504"
                | "InternalError"
                | "InternalFailure"
                | "InternalServerError"
                | "RequestLimitExceeded"
                | "ServiceUnavailable"
                | "ServiceUnavailableException"
                | "SlowDown"
                | "Unavailable"
        )
}

/// The token of the next page.
fn next_page(page: &Value) -> Option<&str> {
    let members = ["nextToken", "NextToken", "NextMarker", "Marker"];
    let token = members.iter().find_map(|name| page.get(*name)?.as_str());
    token.filter(|token| !token.is_empty())
}

/// Two pages as one: lists are joined.
fn joined(before: Value, page: Value) -> Value {
    match (before, page) {
        (Value::Object(mut before), Value::Object(page)) => {
            for (name, value) in page {
                match (before.get_mut(&name), value) {
                    (Some(Value::Array(all)), Value::Array(more)) => all.extend(more),
                    (_, value) => {
                        before.insert(name, value);
                    }
                }
            }
            Value::Object(before)
        }
        (before, _) => before,
    }
}

/// TLS by the authorities that this machine trusts, so that a proxy of one's own works as well.
fn tls() -> Result<TlsConfig, String> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        return Err("this machine trusts no certificate authority".to_owned());
    }
    let certificates: Vec<_> = found
        .certs
        .iter()
        .map(|one| ureq::tls::Certificate::from_der(one.as_ref()).to_owned())
        .collect();
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::new_with_certs(&certificates))
        .unversioned_rustls_crypto_provider(rustls::crypto::ring::default_provider().into())
        .build())
}
