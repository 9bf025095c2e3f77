//! The pages of the project, and what they show of configuration.

use std::fs;
use std::path::PathBuf;

use crate::folders::{files_in, repository};

/// The pages that people read first, and all of docs/.
pub fn pages() -> Vec<PathBuf> {
    let mut pages = files_in(&repository().join("docs"), "md").expect("the pages");
    let first = [
        "README.md",
        "CONTRIBUTING.md",
        "worker/runtime-client/README.md",
    ];
    pages.extend(first.map(|page| repository().join(page)));
    pages
}

/// A block of TOML on a page.
pub struct TomlExample {
    /// The page and the number of the block's first line.
    pub place: String,
    pub text: String,
}

/// The blocks of TOML of all pages.
pub fn toml_examples() -> Vec<TomlExample> {
    let of_page = |page: PathBuf| {
        let text = fs::read_to_string(&page).expect("UTF-8");
        blocks(&page.display().to_string(), &text)
    };
    pages().into_iter().flat_map(of_page).collect()
}

fn blocks(page: &str, text: &str) -> Vec<TomlExample> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if line.trim_start() == "```toml" {
            let block: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| line.trim_start() != "```")
                .collect();
            blocks.push(TomlExample {
                place: format!("{page}:{}", index + 2),
                text: block.join("\n"),
            });
        }
    }
    blocks
}
