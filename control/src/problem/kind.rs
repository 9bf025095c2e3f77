//! Every kind of problem, in one table.

/// Every kind of problem. Its code is stable: programs may compare it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    Malformed,
    TooLarge,
    NoToken,
    TokenRefused,
    RoleTooLow,
    HostUnknown,
    OrderUnknown,
    KeyUnknown,
    TokenUnknown,
    HostGone,
    OrderOver,
    OrderUnsupported,
    ReasonMissing,
    ValueOutOfRange,
    KeyTooShort,
    KeyInUse,
    IdentityInvalid,
    IdentityNotAllowed,
    WorkerKeyRefused,
    BootEnrolled,
    LaunchTooLongAgo,
    GroupNotAllowed,
    IdempotencyKeyReused,
    RequestUnderWay,
    TooManyRequests,
    TooManyStreams,
    PathUnknown,
    MethodNotAllowed,
    DatabaseUnavailable,
    HostInTransition,
    InstanceNotListed,
    InstanceNotRunning,
    FleetUnknown,
    FleetUnreadable,
    AwsDisabled,
    AwsRefused,
    AwsUnavailable,
    AwsUncertain,
    NotLeading,
    Internal,
}

impl ProblemKind {
    /// Every one.
    pub const ALL: [Self; 40] = [
        Self::Malformed,
        Self::TooLarge,
        Self::NoToken,
        Self::TokenRefused,
        Self::RoleTooLow,
        Self::HostUnknown,
        Self::OrderUnknown,
        Self::KeyUnknown,
        Self::TokenUnknown,
        Self::HostGone,
        Self::OrderOver,
        Self::OrderUnsupported,
        Self::ReasonMissing,
        Self::ValueOutOfRange,
        Self::KeyTooShort,
        Self::KeyInUse,
        Self::IdentityInvalid,
        Self::IdentityNotAllowed,
        Self::WorkerKeyRefused,
        Self::BootEnrolled,
        Self::LaunchTooLongAgo,
        Self::GroupNotAllowed,
        Self::IdempotencyKeyReused,
        Self::RequestUnderWay,
        Self::TooManyRequests,
        Self::TooManyStreams,
        Self::PathUnknown,
        Self::MethodNotAllowed,
        Self::DatabaseUnavailable,
        Self::HostInTransition,
        Self::InstanceNotListed,
        Self::InstanceNotRunning,
        Self::FleetUnknown,
        Self::FleetUnreadable,
        Self::AwsDisabled,
        Self::AwsRefused,
        Self::AwsUnavailable,
        Self::AwsUncertain,
        Self::NotLeading,
        Self::Internal,
    ];

    /// The HTTP status, the code, what is wrong, and what to do.
    #[expect(clippy::too_many_lines, reason = "it is a table")]
    const fn entry(self) -> (u16, &'static str, &'static str, &'static str) {
        match self {
            Self::Malformed => (
                422,
                "request.malformed",
                "the request does not fit the API's schema",
                "compare it with /api/v1/openapi.json",
            ),
            Self::TooLarge => (
                413,
                "request.too-large",
                "the request's body is larger than the server accepts",
                "send less in one request",
            ),
            Self::NoToken => (
                401,
                "token.missing",
                "the request has no token",
                "send `Authorization: Bearer TOKEN`; `valet-control token create` makes one",
            ),
            Self::TokenRefused => (
                401,
                "token.refused",
                "the token is unknown, has ended or was revoked",
                "ask an admin for a new one",
            ),
            Self::RoleTooLow => (
                403,
                "role.too-low",
                "the token's role does not allow this",
                "use a token of a higher role",
            ),
            Self::HostUnknown => (
                404,
                "host.unknown",
                "no host has this id",
                "`GET /api/v1/sandboxes` lists them",
            ),
            Self::OrderUnknown => (
                404,
                "order.unknown",
                "no order has this id",
                "`GET /api/v1/orders` lists them",
            ),
            Self::KeyUnknown => (
                404,
                "key.unknown",
                "no worker key has this id",
                "`GET /api/v1/worker-keys` lists them",
            ),
            Self::TokenUnknown => (
                404,
                "token.unknown",
                "no API token has this id",
                "`valet-control token list` lists them",
            ),
            Self::HostGone => (
                409,
                "host.gone",
                "the host does not exist any more",
                "choose a host that runs",
            ),
            Self::OrderOver => (
                409,
                "order.over",
                "the order has come to its end",
                "give a new order",
            ),
            Self::OrderUnsupported => (
                409,
                "order.unsupported",
                "the host's agent does not know this order",
                "update the host's image",
            ),
            Self::ReasonMissing => (
                422,
                "reason.missing",
                "the request gives no reason",
                "say in `reason` why, in 1 to 256 characters",
            ),
            Self::ValueOutOfRange => (
                422,
                "value.out-of-range",
                "a value is out of its range",
                "see the range in the detail",
            ),
            Self::KeyTooShort => (
                422,
                "key.too-short",
                "the worker key is too short to be secret",
                "use at least 32 characters, or leave it out: the server makes one",
            ),
            Self::KeyInUse => (
                409,
                "key.in-use",
                "this worker key exists already",
                "use another value",
            ),
            Self::IdentityInvalid => (
                401,
                "identity.invalid",
                "the instance identity document is not one that AWS signed",
                "see the detail",
            ),
            Self::IdentityNotAllowed => (
                401,
                "identity.not-allowed",
                "the instance belongs to no fleet of this server",
                "add its account and region to `[[fleets]]` in control.toml",
            ),
            Self::WorkerKeyRefused => (
                401,
                "worker-key.refused",
                "the fleet's key is unknown or has ended",
                "add the key of the secret WORKER_API_KEY with `POST /api/v1/worker-keys`",
            ),
            Self::BootEnrolled => (
                409,
                "boot.enrolled",
                "this boot is enrolled already, and the request does not prove that it comes from the same agent",
                "if the host is yours, release it with `POST /api/v1/releases`",
            ),
            Self::LaunchTooLongAgo => (
                409,
                "launch.too-long-ago",
                "the instance was launched too long ago to enrol for the first time",
                "if the host is yours, release it or its group with `POST /api/v1/releases`",
            ),
            Self::GroupNotAllowed => (
                422,
                "group.not-allowed",
                "the heartbeat names an Auto Scaling group that is no fleet of this server",
                "add the group to `[[fleets]]` in control.toml",
            ),
            Self::IdempotencyKeyReused => (
                422,
                "idempotency.reused",
                "another request had this `Idempotency-Key`",
                "use a new key for each request, and the same only to repeat one",
            ),
            Self::RequestUnderWay => (
                409,
                "idempotency.under-way",
                "the first request with this `Idempotency-Key` has not been answered",
                "look at what became of it before you send it with another key",
            ),
            Self::TooManyRequests => (
                429,
                "rate.limited",
                "too many requests",
                "wait as long as `Retry-After` says",
            ),
            Self::TooManyStreams => (
                429,
                "streams.limited",
                "too many streams of events are open",
                "end one, or wait as long as `Retry-After` says",
            ),
            Self::PathUnknown => (
                404,
                "path.unknown",
                "the server has no such path",
                "see /api/v1/openapi.json",
            ),
            Self::MethodNotAllowed => (
                405,
                "method.not-allowed",
                "the path does not allow this method",
                "see /api/v1/openapi.json",
            ),
            Self::DatabaseUnavailable => (
                503,
                "database.unavailable",
                "the server's database does not answer",
                "try again; nothing was changed",
            ),
            Self::HostInTransition => (
                409,
                "host.in-transition",
                "the host is being started, stopped or replaced",
                "look again in a minute",
            ),
            Self::InstanceNotListed => (
                503,
                "instance.not-listed",
                "AWS's list of instances does not have this one yet",
                "try again: the list is read anew within seconds",
            ),
            Self::InstanceNotRunning => (
                409,
                "instance.not-running",
                "AWS does not have this instance running in a group of this server",
                "add its group to `[[fleets]]` in control.toml",
            ),
            Self::FleetUnknown => (
                404,
                "fleet.unknown",
                "the server has no fleet of this name",
                "`GET /api/v1/fleets` lists them",
            ),
            Self::FleetUnreadable => (
                409,
                "fleet.unreadable",
                "AWS does not show this fleet's group",
                "`GET /api/v1/fleets` says why",
            ),
            Self::AwsDisabled => (
                409,
                "aws.disabled",
                "the server makes no AWS calls",
                "set `enabled = true` in `[aws]` of control.toml",
            ),
            Self::AwsRefused => (502, "aws.refused", "AWS does not do it", "see the detail"),
            Self::AwsUnavailable => (
                503,
                "aws.unavailable",
                "AWS could not be asked",
                "try again; nothing was changed",
            ),
            Self::AwsUncertain => (
                502,
                "aws.uncertain",
                "AWS was asked and did not answer",
                "look at what became of it before you try again",
            ),
            Self::NotLeading => (
                503,
                "leader.lost",
                "this replica may not act any more",
                "nothing is to be done: the replica that leads goes on",
            ),
            Self::Internal => (
                500,
                "internal",
                "internal error",
                "report it with the server's log",
            ),
        }
    }

    #[must_use]
    pub const fn status(self) -> u16 {
        self.entry().0
    }

    #[must_use]
    pub const fn code(self) -> &'static str {
        self.entry().1
    }

    #[must_use]
    pub const fn title(self) -> &'static str {
        self.entry().2
    }

    #[must_use]
    pub const fn help(self) -> &'static str {
        self.entry().3
    }
}
