//! A question as a request, in the protocol of its service (botocore's service models: `protocol`, `apiVersion`,
//! `targetPrefix`).

use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::super::call::Call;

/// A request, but for its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: &'static str,
    /// With a slash before it, and the query behind it.
    pub path: String,
    pub content_type: &'static str,
    pub target: Option<String>,
    pub body: String,
}

/// How a service is spoken to.
enum Protocol {
    /// A form; `item` stands between the name of a list and the numbers of its elements.
    Query {
        version: &'static str,
        item: &'static str,
    },
    Json {
        target: &'static str,
    },
    Rest,
}

fn protocol(service: &str) -> Protocol {
    let query = |version, item| Protocol::Query { version, item };
    match service {
        "ec2" => query("2016-11-15", ""),
        "autoscaling" => query("2011-01-01", ".member"),
        "iam" => query("2010-05-08", ".member"),
        "cloudtrail" => Protocol::Json {
            target: "CloudTrail_20131101",
        },
        "kms" => Protocol::Json {
            target: "TrentService",
        },
        "logs" => Protocol::Json {
            target: "Logs_20140328",
        },
        "secretsmanager" => Protocol::Json {
            target: "secretsmanager",
        },
        "servicequotas" => Protocol::Json {
            target: "ServiceQuotasV20190624",
        },
        "ssm" => Protocol::Json {
            target: "AmazonSSM",
        },
        _ => Protocol::Rest,
    }
}

/// The request of a question.
#[must_use]
pub fn encode(call: &Call, input: &Value) -> Request {
    match protocol(call.service) {
        Protocol::Query { version, item } => {
            let mut form = Serializer::new(String::new());
            form.append_pair("Action", call.operation)
                .append_pair("Version", version);
            flatten("", input, item, &mut form);
            Request {
                method: "POST",
                path: "/".to_owned(),
                content_type: "application/x-www-form-urlencoded; charset=utf-8",
                target: None,
                body: form.finish(),
            }
        }
        Protocol::Json { target } => Request {
            method: "POST",
            path: "/".to_owned(),
            content_type: "application/x-amz-json-1.1",
            target: Some(format!("{target}.{}", call.operation)),
            body: input.to_string(),
        },
        Protocol::Rest => rest(call.operation, input),
    }
}

fn rest(operation: &str, input: &Value) -> Request {
    let text = |name: &str| input[name].as_str().unwrap_or_default();
    let (method, path) = match operation {
        "ListDetectors" => ("GET", "/detector".to_owned()),
        "GetDetector" => ("GET", format!("/detector/{}", text("detectorId"))),
        "BatchGetAccountStatus" => ("POST", "/status/batch/get".to_owned()),
        "GetDelegatedAdminAccount" => ("POST", "/delegatedadminaccounts/get".to_owned()),
        "GetBucketTagging" => ("GET", format!("/{}?tagging=", text("Bucket"))),
        // HeadBucket.
        _ => ("HEAD", format!("/{}", text("Bucket"))),
    };
    Request {
        method,
        path,
        content_type: "application/json",
        target: None,
        body: if method == "POST" {
            input.to_string()
        } else {
            String::new()
        },
    }
}

fn flatten(name: &str, value: &Value, item: &str, form: &mut Serializer<'_, String>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                let name = if name.is_empty() {
                    member.clone()
                } else {
                    format!("{name}.{member}")
                };
                flatten(&name, value, item, form);
            }
        }
        Value::Array(items) => {
            for (number, value) in (1..).zip(items) {
                flatten(&format!("{name}{item}.{number}"), value, item, form);
            }
        }
        Value::Null => {}
        Value::String(text) => {
            form.append_pair(name, text);
        }
        other => {
            form.append_pair(name, &other.to_string());
        }
    }
}

/// The member by which a question asks for its next page.
#[must_use]
pub fn page_member(call: &Call) -> &'static str {
    match (call.service, call.operation) {
        ("iam" | "kms", _) => "Marker",
        ("logs", _) => "nextToken",
        _ => "NextToken",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_numbered_as_each_service_wants_it() {
        let call = Call::new("ec2", "us-east-1", "DescribeVpcs", json!({}), &[]);
        let input =
            json!({ "Filter": [{ "Name": "vpc-id", "Value": ["a", "b"] }], "DryRun": true });
        assert_eq!(
            encode(&call, &input).body,
            "Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=vpc-id&Filter.1.Value.1=a&Filter.1.Value.2=b&DryRun=true"
        );
        let call = Call::new(
            "autoscaling",
            "us-east-1",
            "DescribeAutoScalingGroups",
            json!({}),
            &[],
        );
        assert_eq!(
            encode(&call, &json!({ "AutoScalingGroupNames": ["a"] })).body,
            "Action=DescribeAutoScalingGroups&Version=2011-01-01&AutoScalingGroupNames.member.1=a"
        );
    }
}
