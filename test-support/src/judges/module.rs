//! What a judge's go.mod says.

/// The part of a go.mod that decides what is built.
#[derive(Debug, PartialEq, Eq)]
pub struct GoModule {
    /// The packages of its `tool` lines.
    pub tools: Vec<String>,
    /// The version of the module that the tools belong to, such as `1.11.0`.
    pub version: String,
}

impl GoModule {
    /// Reads a go.mod.
    ///
    /// # Errors
    ///
    /// When it names no tool, or none of a module that it requires.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (mut tools, mut required) = (Vec::new(), Vec::new());
        let mut block = "";
        for line in text.lines() {
            let line = line.split("//").next().unwrap_or_default().trim();
            let (directive, rest) = line.split_once(' ').unwrap_or((line, ""));
            match (block, directive, rest) {
                ("", directive, "(") => block = directive,
                (_, ")", _) => block = "",
                ("", "tool", package) | ("tool", package, "") => tools.push(package.to_owned()),
                ("", "require", module) => required.extend(module.split_once(' ')),
                ("require", module, version) => required.push((module, version)),
                _ => {}
            }
        }
        tools.retain(|tool| !tool.is_empty());
        let tool = tools.first().ok_or("it has no `tool` line")?;
        let owner = |(module, _): &&(&str, &str)| {
            let rest = tool.strip_prefix(module);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let owners = required.iter().filter(owner);
        let (_, version) = owners
            .max_by_key(|(module, _)| module.len())
            .ok_or_else(|| format!("it requires no module that {tool} belongs to"))?;
        let version = version.trim_start_matches('v').to_owned();
        Ok(Self { tools, version })
    }
}

#[cfg(test)]
mod tests {
    use super::GoModule;

    #[test]
    fn one_tool_and_the_module_that_it_belongs_to() {
        let text = "module judges/x\n\ngo 1.26\n\ntool example.org/x/cmd/x\n\nrequire (\n\
                    \texample.org v9.0.0 // indirect\n\texample.org/x v1.2.3 // indirect\n)\n";
        let module = GoModule::parse(text).expect("a go.mod");
        assert_eq!(module.tools, ["example.org/x/cmd/x"]);
        assert_eq!(module.version, "1.2.3");
    }

    #[test]
    fn several_tools() {
        let text =
            "tool (\n\texample.org/x/a\n\texample.org/x/b\n)\nrequire example.org/x v0.1.0\n";
        let module = GoModule::parse(text).expect("a go.mod");
        assert_eq!(module.tools, ["example.org/x/a", "example.org/x/b"]);
        assert_eq!(module.version, "0.1.0");
    }

    #[test]
    fn a_tool_of_no_module_is_refused() {
        let error = GoModule::parse("tool example.org/xy\nrequire example.org/x v0.1.0\n");
        let expected = "it requires no module that example.org/xy belongs to";
        assert_eq!(error, Err(expected.to_owned()));
    }
}
