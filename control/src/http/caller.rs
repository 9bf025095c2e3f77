//! Who a request comes from, for what stands around the handlers: they see it when it was answered.

use std::sync::{Arc, OnceLock};

use axum::http::Extensions;

use crate::access::Actor;
use crate::problem::ProblemKind;

/// Whoever sent the request, once that is proven.
#[derive(Clone, Debug, Default)]
pub struct Caller(Arc<OnceLock<Actor>>);

impl Caller {
    /// Says who it is, to whoever put a caller into these extensions.
    pub fn prove(extensions: &Extensions, actor: &Actor) {
        if let Some(Self(proven)) = extensions.get::<Self>() {
            let _ = proven.set(actor.clone());
        }
    }

    /// Who it is; nothing where nobody was proven.
    #[must_use]
    pub fn actor(&self) -> Option<&Actor> {
        self.0.get()
    }
}

/// In a response: the request was refused before anything was intended, and why, as the problem's code.
#[derive(Clone, Copy, Debug)]
pub struct RefusedEarly(pub &'static str);

impl RefusedEarly {
    /// If it is one of the problems that say so; what has begun writes down its own end.
    #[must_use]
    pub fn of(kind: ProblemKind) -> Option<Self> {
        let is_early = matches!(
            kind,
            ProblemKind::Malformed
                | ProblemKind::TooLarge
                | ProblemKind::IdempotencyKeyReused
                | ProblemKind::RequestUnderWay
        );
        is_early.then(|| Self(kind.code()))
    }
}

/// In a response: a page was asked for that somebody has to be signed in for, and nobody is.
#[derive(Clone, Copy, Debug)]
pub struct NobodySignedIn;
