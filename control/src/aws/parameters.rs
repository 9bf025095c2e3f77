//! The parameters of a call, in the query protocol's form.

use url::form_urlencoded::Serializer;

/// The parameters of one call.
#[derive(Clone, Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// A list: `Name.1`, `Name.2` and so on.
    pub fn list<'a>(mut self, name: &str, values: impl IntoIterator<Item = &'a String>) -> Self {
        for (index, value) in values.into_iter().enumerate() {
            self.0
                .push((format!("{name}.{}", index + 1), value.clone()));
        }
        self
    }

    /// The body of the request.
    pub fn encode(&self, action: &str, version: &str) -> String {
        let mut body = Serializer::new(String::new());
        body.append_pair("Action", action);
        body.append_pair("Version", version);
        for (name, value) in &self.0 {
            body.append_pair(name, value);
        }
        body.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_become_a_parameter() {
        let body = Parameters::default()
            .with("Reason", "a&b=c d")
            .list("Ids.member", &["i-1".to_owned(), "i-2".to_owned()])
            .encode("Try", "2011-01-01");
        assert_eq!(
            body,
            "Action=Try&Version=2011-01-01&Reason=a%26b%3Dc+d&Ids.member.1=i-1&Ids.member.2=i-2"
        );
    }
}
