//! Forms: of whoever is signed in, and sent by a page of ours.

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts as _, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::PageError;
use super::login::{SignedIn, is_cross_site, is_form_token};
use crate::control::Control;
use crate::problem::{Problem, ProblemKind};

/// A form with its sender.
pub struct Sent<T> {
    pub signed_in: SignedIn,
    pub form: T,
}

#[derive(Deserialize)]
struct Signed<T> {
    #[serde(default)]
    form_token: String,
    #[serde(flatten)]
    form: T,
}

impl<T: DeserializeOwned + Send> FromRequest<Control> for Sent<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, control: &Control) -> Result<Self, PageError> {
        let (mut parts, body) = request.into_parts();
        let signed_in = SignedIn::from_request_parts(&mut parts, control).await?;
        if is_cross_site(&parts.headers) {
            return Err(PageError::NotOurForm);
        }
        let request = Request::from_parts(parts, body);
        let Form(signed) = Form::<Signed<T>>::from_request(request, control)
            .await
            .map_err(|rejection| Problem::new(ProblemKind::Malformed, rejection.body_text()))?;
        if !is_form_token(&signed_in, &signed.form_token) {
            return Err(PageError::NotOurForm);
        }
        Ok(Self {
            signed_in,
            form: signed.form,
        })
    }
}
