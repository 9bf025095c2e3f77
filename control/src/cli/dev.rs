//! `valet-control dev`

use std::net::SocketAddr;

use super::arguments::DevArguments;
use super::run::{CommandError, print};
use super::{fleet, serve};
use crate::access::{self, NewToken, Role};
use crate::config::Config;
use crate::control::Control;
use crate::database::{self, Database};
use crate::keys;
use crate::postgres::Server;

pub async fn dev(arguments: DevArguments) -> Result<(), CommandError> {
    let stage = fleet::set(&arguments).await?;
    let mut config = match &arguments.config {
        Some(path) => Config::load(path)?,
        None => Config::default(),
    };
    config.page.is_plain_loopback = true;
    config.listen = SocketAddr::from(([127, 0, 0, 1], arguments.port));
    if let Some(stage) = &stage {
        stage.configure(&mut config);
    }
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
    let key = if stage.is_some() || keys::list(&database).await?.is_empty() {
        Some(keys::add(&database, None).await?.1)
    } else {
        None
    };
    let listener = serve::bind(&config).await?;
    let address = listener.local_addr().unwrap_or(config.listen);
    let address = format!("http://{address}");
    let mut certificates = config.certificates()?;
    if let Some(stage) = &stage {
        stage.pin(&mut certificates)?;
    }
    let mut control = Control::new(database, certificates, &config);
    if let Some(stage) = &stage {
        stage.connect(&mut control);
    }
    print(&introduction(
        &address,
        &token,
        key.as_deref(),
        arguments.hosts,
    ))?;
    let playing = stage.map(|stage| stage.play(&address, key.unwrap_or_default()));
    let served = serve::run(&config, control, listener).await;
    if let Some(playing) = playing {
        playing.end().await;
    }
    served
}

/// What a newcomer needs: where, with what, and what to do first.
fn introduction(address: &str, token: &str, key: Option<&str>, hosts: Option<u32>) -> String {
    let mut text = format!(
        "{address}\n\nadmin token, for this machine and a day:\n{token}\n\nfor commands, in another terminal:\n\
         export VALET_CONTROL_URL={address} VALET_CONTROL_TOKEN={token}\n"
    );
    match (hosts, key) {
        (Some(hosts), _) => {
            text += &format!(
                "\n{} {hosts}: each takes tasks within half a minute. Open the address, sign in with the token, \
                 choose a host, and drain it with a reason.\nCtrl-C ends everything.\n\n",
                if hosts == 1 { "host" } else { "hosts" }
            );
        }
        (None, Some(key)) => {
            text += &format!("\nWORKER_API_KEY for agents:\n{key}\n\nCtrl-C ends it.\n");
        }
        (None, None) => text += "\nCtrl-C ends it.\n",
    }
    text
}
