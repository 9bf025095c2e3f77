//! `valet-control token`

use super::arguments::TokenCommand;
use super::run::{CommandError, load, print};
use crate::access::{self, Actor, NewToken};
use crate::audit::{self, Act};

pub async fn run(command: TokenCommand) -> Result<(), CommandError> {
    let actor = Actor::command_line();
    match command {
        TokenCommand::Create {
            config,
            name,
            role,
            days,
        } => {
            let (_, database) = load(&config)?;
            let new = NewToken {
                name,
                role,
                lifetime_seconds: days.map(|days| days * 86_400),
                loopback_only: false,
            };
            let act = Act {
                actor: &actor,
                action: "token.create",
                target: &new.name,
                reason: "",
            };
            let (_, secret) =
                audit::record(&database, act, access::create(&database, &new)).await?;
            print(&format!("{secret}\n"))
        }
        TokenCommand::List { config } => {
            let (_, database) = load(&config)?;
            let mut text = String::new();
            for token in access::list(&database).await? {
                let end = match (token.revoked_at, token.expires_at) {
                    (Some(time), _) => format!("revoked {time}"),
                    (None, Some(time)) => format!("until {time}"),
                    (None, None) => "without end".to_owned(),
                };
                text += &format!(
                    "{}  {:<8}  {}  {}\n",
                    token.id,
                    token.role.as_str(),
                    token.name,
                    end
                );
            }
            print(&text)
        }
        TokenCommand::Revoke { config, id } => {
            let (_, database) = load(&config)?;
            let act = Act {
                actor: &actor,
                action: "token.revoke",
                target: &id,
                reason: "",
            };
            audit::record(&database, act, access::revoke(&database, &id)).await?;
            Ok(())
        }
    }
}
