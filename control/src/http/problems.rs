//! The problems that many paths share, for the OpenAPI document.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

/// What can be wrong with every request that reads.
pub struct ReadProblems;

/// What can be wrong with every request that changes something.
pub struct WriteProblems;

impl IntoResponses for ReadProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [
            (401, "The token is missing or does not count."),
            (403, "The role is too low."),
            (422, "The request is not valid."),
            (
                429,
                "Too many requests; `Retry-After` says how long to wait.",
            ),
            (503, "The database does not answer."),
        ]
        .into_iter()
        .map(|(status, description)| (status.to_string(), problem(description)))
        .collect()
    }
}

impl IntoResponses for WriteProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses = ReadProblems::responses();
        responses.insert(
            "409".to_owned(),
            problem("Another request stands in the way."),
        );
        responses.insert("413".to_owned(), problem("The body is too large."));
        responses
    }
}

fn problem(description: &str) -> RefOr<Response> {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response = ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content);
    RefOr::T(response.build())
}
