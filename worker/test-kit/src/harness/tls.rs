//! A harness in which everything that talks TLS on an instance does.

use std::net::SocketAddr;

use valet_protocol::config::Tls;

use super::{Harness, in_words, moto};
use crate::tls::Authority;

const HTTP: &[&str] = &["http/1.1"];

impl Harness {
    /// Puts TLS in front of AWS, the Valet API and both of Hatchet's, and writes the configuration
    /// that says so. `stores` is what answers as Parameter Store and Secrets Manager, if it is not
    /// moto. Answers the environment that leads the agent there; whom it trusts is not in it.
    ///
    /// # Errors
    ///
    /// When there is no port, or the configuration cannot be written; in words.
    pub async fn behind_tls(
        &mut self,
        authority: &Authority,
        stores: Option<SocketAddr>,
    ) -> Result<Vec<(&'static str, String)>, String> {
        let stores = match stores {
            Some(stores) => stores,
            None => address(moto::shared().await?.url())?,
        };
        let engine = address(&self.engine.server().url())?;
        let stores = https(authority, stores).await?;
        let aws = https(authority, address(&self.aws.url())?).await?;
        let rest = https(authority, engine).await?;
        let grpc = authority.front(engine, &["h2"]).await.map_err(in_words)?;
        let url = self.config.heartbeat.url.take().unwrap_or_default();
        let api = https(authority, address(&url)?).await?;
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        self.config.heartbeat.url = Some(format!("{api}/{path}"));
        self.config.hatchet.tls = Tls::Tls;
        self.write_configuration()?;
        Ok(vec![
            ("AWS_ENDPOINT_URL", stores),
            ("AWS_ENDPOINT_URL_CLOUDWATCH", aws.clone()),
            ("AWS_ENDPOINT_URL_AUTO_SCALING", aws),
            ("HATCHET_CLIENT_API_URL", rest),
            ("HATCHET_CLIENT_HOST_PORT", format!("localhost:{grpc}")),
        ])
    }
}

async fn https(authority: &Authority, behind: SocketAddr) -> Result<String, String> {
    let port = authority.front(behind, HTTP).await.map_err(in_words)?;
    Ok(format!("https://localhost:{port}"))
}

fn address(url: &str) -> Result<SocketAddr, String> {
    let authority = url.split('/').nth(2).unwrap_or_default();
    authority.parse().map_err(in_words)
}
