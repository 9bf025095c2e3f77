//! `PutMetricData` by Smithy's RPC v2 over CBOR: <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>

use std::collections::BTreeMap;
use std::io::Read as _;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use ciborium::Value;
use flate2::read::GzDecoder;

use super::Fault;

pub const PATH: &str = "/service/GraniteServiceVersion20100801/operation/PutMetricData";

/// Values of one request at most, by the API reference of `PutMetricData`.
const MAX_DATA: usize = 1000;

/// Dimensions of one value at most, by the same page.
const MAX_DIMENSIONS: usize = 30;

/// One value, as it was put.
#[derive(Clone, Debug, PartialEq)]
pub struct Datum {
    pub name: String,
    pub dimensions: BTreeMap<String, String>,
    pub value: f64,
    /// Seconds since 1970.
    pub timestamp: f64,
    pub unit: Option<String>,
}

/// The namespace and the values of a request, or what is wrong with it.
pub fn read(headers: &HeaderMap, body: &Bytes) -> Result<(String, Vec<Datum>), String> {
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if said("smithy-protocol") != Some("rpc-v2-cbor") {
        return Err("the header smithy-protocol does not say rpc-v2-cbor".to_owned());
    }
    if !said("authorization").is_some_and(|signed| signed.starts_with("AWS4-HMAC-SHA256 ")) {
        return Err("the request is not signed".to_owned());
    }
    let body = match said("content-encoding") {
        Some("gzip") => unpack(body)?,
        _ => body.to_vec(),
    };
    let request: Value = ciborium::from_reader(body.as_slice())
        .map_err(|error| format!("the body is no CBOR: {error}"))?;
    let namespace = text(field(&request, "Namespace")?)?;
    let data = list(field(&request, "MetricData")?)?;
    if data.is_empty() || data.len() > MAX_DATA {
        return Err(format!("{} values, of 1 to {MAX_DATA}", data.len()));
    }
    let data = data.iter().map(datum).collect::<Result<_, _>>()?;
    Ok((namespace, data))
}

pub fn acceptance() -> Response {
    answer(StatusCode::OK, &Value::Map(Vec::new()))
}

/// The refusal, or nothing where the call hangs.
pub fn refusal(fault: Fault) -> Option<Response> {
    match fault {
        Fault::None => Some(acceptance()),
        Fault::Throttling => Some(error(400, "ThrottlingException", "Rate exceeded")),
        Fault::Failing(status) => Some(error(status, "InternalServiceFault", "try again")),
        Fault::Denied => Some(error(403, "AccessDeniedException", "not authorized")),
        Fault::Hanging => None,
    }
}

/// An error of the service, by its code.
pub fn error(status: u16, code: &str, message: &str) -> Response {
    let shape = format!("com.amazonaws.cloudwatch#{code}");
    let entry = |key: &str, value: &str| (Value::from(key), Value::from(value));
    let body = Value::Map(vec![entry("__type", &shape), entry("message", message)]);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer(status, &body)
}

fn answer(status: StatusCode, body: &Value) -> Response {
    let mut bytes = Vec::new();
    // Writing to memory fails only when there is none.
    let _ = ciborium::into_writer(body, &mut bytes);
    let headers = [
        ("smithy-protocol", "rpc-v2-cbor"),
        ("content-type", "application/cbor"),
        ("x-amzn-requestid", "00000000-0000-4000-8000-000000000000"),
    ];
    (status, headers, bytes).into_response()
}

fn unpack(body: &Bytes) -> Result<Vec<u8>, String> {
    let mut unpacked = Vec::new();
    GzDecoder::new(body.as_ref())
        .read_to_end(&mut unpacked)
        .map_err(|error| format!("the body is no gzip: {error}"))?;
    Ok(unpacked)
}

fn datum(value: &Value) -> Result<Datum, String> {
    let mut dimensions = BTreeMap::new();
    if let Ok(typed) = field(value, "Dimensions") {
        for dimension in list(typed)? {
            let (name, is) = (field(dimension, "Name")?, field(dimension, "Value")?);
            dimensions.insert(text(name)?, text(is)?);
        }
    }
    if dimensions.len() > MAX_DIMENSIONS {
        return Err(format!("{} dimensions", dimensions.len()));
    }
    let number = number(field(value, "Value")?)?;
    if !number.is_finite() {
        return Err(format!("the value {number}, which CloudWatch refuses"));
    }
    Ok(Datum {
        name: text(field(value, "MetricName")?)?,
        dimensions,
        value: number,
        timestamp: seconds(field(value, "Timestamp")?)?,
        unit: field(value, "Unit").ok().map(text).transpose()?,
    })
}

fn field<'a>(value: &'a Value, name: &str) -> Result<&'a Value, String> {
    let entries = value.as_map().ok_or_else(|| format!("no map: {value:?}"))?;
    let mut found = entries
        .iter()
        .filter(|(key, _)| key.as_text() == Some(name));
    let (_, value) = found.next().ok_or_else(|| format!("no {name}"))?;
    Ok(value)
}

fn text(value: &Value) -> Result<String, String> {
    let text = value.as_text().map(str::to_owned);
    text.ok_or_else(|| format!("no text: {value:?}"))
}

fn list(value: &Value) -> Result<&Vec<Value>, String> {
    value
        .as_array()
        .ok_or_else(|| format!("no list: {value:?}"))
}

fn number(value: &Value) -> Result<f64, String> {
    if let Some(number) = value.as_float() {
        return Ok(number);
    }
    let whole = value.as_integer().map(i128::from);
    let whole = whole.ok_or_else(|| format!("no number: {value:?}"))?;
    Ok(whole as f64)
}

/// A time is tag 1 around seconds since 1970.
fn seconds(value: &Value) -> Result<f64, String> {
    match value {
        Value::Tag(1, seconds) => number(seconds),
        other => Err(format!("no time: {other:?}")),
    }
}
