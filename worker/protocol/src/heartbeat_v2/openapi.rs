//! The contract as an OpenAPI document, for whoever writes a server for it.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::{EnrolmentRequest, EnrolmentResponse, Heartbeat, HeartbeatResponse, VERSION};

/// The fragment, as control.openapi.json has it: two paths relative to the folder of the heartbeat's address, and their
/// schemas.
#[must_use]
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut schemas = settings.into_generator();
    let enrol = operation::<EnrolmentRequest, EnrolmentResponse>(
        &mut schemas,
        "enrol",
        "An instance says who it is, once in each boot and whenever its token is refused.",
        "workerKey",
        &[
            (
                "401",
                "The key does not count, or the document is not AWS's.",
            ),
            ("404", "The server speaks version 1."),
            (
                "409",
                "This boot is enrolled, and `previousToken` does not prove that it was this agent.",
            ),
        ],
    );
    let heartbeat = operation::<Heartbeat, HeartbeatResponse>(
        &mut schemas,
        "heartbeat",
        "A host says how it is.",
        "instanceToken",
        &[("401", "The token does not count: enrol again.")],
    );
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "The Valet agent's contract with a control plane",
            "version": VERSION.to_string(),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "paths": { "/enrol": { "post": enrol }, "/heartbeat": { "post": heartbeat } },
        "components": {
            "schemas": schemas.definitions(),
            "securitySchemes": {
                "workerKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The fleet's key, WORKER_API_KEY.",
                },
                "instanceToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token of the enrolment's response, or of the last heartbeat's that had one.",
                },
            },
        },
    })
}

fn operation<Request: JsonSchema, Response: JsonSchema>(
    schemas: &mut SchemaGenerator,
    name: &str,
    summary: &str,
    security: &str,
    others: &[(&str, &str)],
) -> Value {
    let request = schemas.subschema_for::<Request>();
    let response = schemas.subschema_for::<Response>();
    let mut responses = json!({
        "200": { "description": "It is taken.", "content": { "application/json": { "schema": response } } },
    });
    for (status, description) in others {
        responses[status] = json!({ "description": description });
    }
    responses["429"] = json!({ "description": "Later, after `Retry-After`." });
    responses["503"] = json!({ "description": "Later, after `Retry-After`." });
    json!({
        "operationId": name,
        "summary": summary,
        "security": [{ (security): [] }],
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": request } },
        },
        "responses": responses,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use serde_json::Value;

    use super::document;

    fn own(path: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
    }

    #[test]
    fn the_committed_document_is_that_of_the_types() {
        let text = format!("{:#}\n", document());
        if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
            std::fs::write(own("control.openapi.json"), &text).expect("written");
        }
        let committed = std::fs::read_to_string(own("control.openapi.json")).expect("committed");
        assert_eq!(committed, text, "write it again with `just bless`");
    }

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(entries) => {
                found.extend(
                    entries
                        .get("$ref")
                        .and_then(Value::as_str)
                        .map(str::to_owned),
                );
                entries.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(found.len() > 8, "{found:?}");
        for reference in found {
            let pointer = reference.strip_prefix('#').expect("within the document");
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    /// What the server of this repository says of the same requests.
    #[test]
    fn the_servers_document_agrees_with_it() {
        let text = std::fs::read_to_string(own("../../control/openapi.json")).expect("committed");
        let server: Value = serde_json::from_str(&text).expect("JSON");
        let own = document();
        let properties = |document: &Value, schema: &str| -> (BTreeSet<String>, Value) {
            let schema = &document["components"]["schemas"][schema];
            let names = schema["properties"].as_object().expect("an object").keys();
            (names.cloned().collect(), schema["required"].clone())
        };
        for schema in [
            "EnrolmentRequest",
            "EnrolmentResponse",
            "Heartbeat",
            "HeartbeatResponse",
        ] {
            assert_eq!(
                properties(&server, schema),
                properties(&own, schema),
                "{schema}"
            );
        }
        for path in ["enrol", "heartbeat"] {
            let of_server = &server["paths"][format!("/api/v1/sandboxes/{path}")]["post"];
            let of_own = &own["paths"][format!("/{path}")]["post"];
            assert_eq!(of_server["security"], of_own["security"], "{path}");
        }
    }
}
