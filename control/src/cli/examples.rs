//! Examples, below the help of each command.

pub const PROGRAM: &str = "\
Where to begin:
  valet-control dev                            a server of its own on this machine, to try it
  valet-control serve                          the server, as control.toml says
  export VALET_CONTROL_URL=https://control.example.com VALET_CONTROL_TOKEN_FILE=~/.valet-token
  valet-control hosts                          what the page shows, as a command";

pub const DEV: &str = "\
Examples:
  valet-control dev                            an empty server; prints its address and a token
  valet-control dev --folder ./data            what it knows is kept
  cargo run -p valet-control --features dev-fleet -- dev --hosts 5
                                               with five hosts that take tasks and orders";

pub const TOKEN_CREATE: &str = "\
Examples:
  valet-control token create alice --role operator --days 90
  valet-control token create robot > token     the secret is printed once";

pub const HOSTS: &str = "\
Examples:
  valet-control hosts --state offline
  valet-control hosts --search us-east-1b --watch
  valet-control hosts --format json | jq -r '.[] | select(.activeTasks == 0).id'";

pub const HOST: &str = "\
Examples:
  valet-control host i-0f3a9c51d2e84b701
  valet-control host i-0f3a9c51d2e84b701 --watch";

pub const DRAIN: &str = "\
Examples:
  valet-control drain i-0f3a9c51d2e84b701 --reason 'kernel update' --watch
  valet-control drain i-0f3a9c51d2e84b701 --within-seconds 900 --reason 'it is slow'";

pub const RESUME: &str = "\
Examples:
  valet-control resume i-0f3a9c51d2e84b701 --reason 'the kernel is new'";

pub const RESTART: &str = "\
Examples:
  valet-control restart i-0f3a9c51d2e84b701 --reason 'the runtime leaks' --watch
  valet-control restart i-0f3a9c51d2e84b701 --of services --reason 'the screen is black'";

pub const HOLD: &str = "\
Examples:
  valet-control hold i-0f3a9c51d2e84b701 --for-seconds 14400 --reason 'look at its profile'";

pub const DECOMMISSION: &str = "\
Examples:
  valet-control decommission i-0f3a9c51d2e84b701 --replace --reason 'old kernel' --watch
  valet-control decommission i-0f3a9c51d2e84b701 --shrink --reason 'one too many'";

pub const FLEETS: &str = "\
Examples:
  valet-control fleets --watch";

pub const CAPACITY: &str = "\
Examples:
  valet-control capacity shop-production-workers 12 --reason 'the evening'";

pub const FINDINGS: &str = "\
Examples:
  valet-control findings --format json";

pub const RELEASE: &str = "\
Examples:
  valet-control release --host i-0f3a9c51d2e84b701 --reason 'its disk was replaced'
  valet-control release --group shop-production-workers --reason 'it ran before the server'";

pub const ORDERS: &str = "\
Examples:
  valet-control orders --standing
  valet-control orders o-91be6d20c4a7f3e85b02 --watch    until it has come to its end";

pub const CANCEL: &str = "\
Examples:
  valet-control cancel o-91be6d20c4a7f3e85b02 --reason 'the wrong host'";

pub const SESSIONS: &str = "\
Examples:
  valet-control sessions --running
  valet-control sessions --host i-0f3a9c51d2e84b701 --format json";

pub const AUDIT: &str = "\
Examples:
  valet-control audit --target i-0f3a9c51d2e84b701
  valet-control audit --watch";

pub const EVENTS: &str = "\
Examples:
  valet-control events                         what happens, line by line
  valet-control events --kinds order,finding --format json
  valet-control events --host i-0f3a9c51d2e84b701 --for-seconds 600";

pub const KEYS: &str = "\
Examples:
  valet-control keys list
  valet-control keys add --reason 'yearly rotation'
  valet-control keys retire k-1f0c --after-seconds 1209600 --reason 'replaced'";

pub const COMPLETIONS: &str = "\
Examples:
  valet-control completions bash > ~/.local/share/bash-completion/completions/valet-control
  valet-control completions fish > ~/.config/fish/completions/valet-control.fish";
