//! moto behind a recorder: every request that arrives is kept and passed on.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::IntoResponse as _;
use valet_test_kit::http;
use valet_test_kit::server::Server;

const TERMINATE: &str = "Action=TerminateInstanceInAutoScalingGroup";

/// A recorder before moto.
pub struct Recorder {
    server: Server,
    bodies: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
struct Recording {
    mock: String,
    /// What the terminations of hosts are refused with, instead of being passed on.
    refusal: Option<&'static str>,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    /// Passes everything on, or refuses the terminations of hosts in AWS's way with these words.
    pub async fn start(mock: &str, refusal: Option<&'static str>) -> Self {
        let bodies = Arc::<Mutex<Vec<String>>>::default();
        let pass = async |State(to): State<Recording>, headers: HeaderMap, body: Bytes| {
            let body = String::from_utf8_lossy(&body).into_owned();
            to.bodies.lock().expect("no panic").push(body.clone());
            if let Some(words) = to.refusal.filter(|_| body.starts_with(TERMINATE)) {
                let error = format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>{words}</Message>\
                     </Error></ErrorResponse>"
                );
                return (StatusCode::BAD_REQUEST, error).into_response();
            }
            let header = |name: &str| headers[name].to_str().expect("text").to_owned();
            let (kind, signature) = (header("content-type"), header("authorization"));
            let kept = [
                ("content-type", kind.as_str()),
                ("authorization", signature.as_str()),
            ];
            match http::send(Method::POST, &to.mock, "/", &kept, body).await {
                Ok(answer) => (
                    StatusCode::from_u16(answer.status).expect("a status"),
                    answer.body,
                )
                    .into_response(),
                Err(reason) => (StatusCode::BAD_GATEWAY, reason).into_response(),
            }
        };
        let state = Recording {
            mock: mock.to_owned(),
            refusal,
            bodies: bodies.clone(),
        };
        let router = Router::new().fallback(pass).with_state(state);
        Self {
            server: Server::start(router).await.expect("a port"),
            bodies,
        }
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    /// How many hosts were asked to be terminated.
    pub fn terminations(&self) -> usize {
        let bodies = self.bodies.lock().expect("no panic");
        bodies
            .iter()
            .filter(|body| body.starts_with(TERMINATE))
            .count()
    }
}
