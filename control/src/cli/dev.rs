//! `valet-control dev`

use std::net::SocketAddr;

use super::arguments::DevArguments;
use super::run::{CommandError, print};
use super::serve;
use crate::access::{self, NewToken, Role};
use crate::config::Config;
use crate::database::{self, Database};
use crate::keys;
use crate::postgres::Server;

pub async fn dev(arguments: DevArguments) -> Result<(), CommandError> {
    let mut config = match &arguments.config {
        Some(path) => Config::load(path)?,
        None => Config::default(),
    };
    config.page.is_plain_loopback = true;
    config.listen = SocketAddr::from(([127, 0, 0, 1], arguments.port));
    let options = ["fsync=off"];
    let server = match &arguments.folder {
        Some(folder) => Server::start(folder, &options)?,
        None => Server::start_temporary(&options)?,
    };
    let database = Database::new(&server.address("postgres"), config.database_connections)?;
    database::migrate(&database).await?;
    let new = NewToken {
        name: "dev".to_owned(),
        role: Role::Admin,
        lifetime_seconds: Some(24 * 3600),
        loopback_only: true,
    };
    let (_, token) = access::create(&database, &new).await?;
    let key = if keys::list(&database).await?.is_empty() {
        Some(keys::add(&database, None).await?.1)
    } else {
        None
    };
    let listener = serve::bind(&config).await?;
    let address = listener.local_addr().unwrap_or(config.listen);
    let mut text =
        format!("http://{address}\n\nadmin token, for this machine and a day:\n{token}\n");
    if let Some(key) = key {
        text += &format!("\nWORKER_API_KEY for agents:\n{key}\n");
    }
    text += &format!(
        "\ntry: curl --header 'Authorization: Bearer {token}' http://{address}/api/v1/sandboxes\nCtrl-C ends it.\n"
    );
    print(&text)?;
    serve::run(&config, database, listener).await
}
