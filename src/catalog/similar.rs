//! The known word that a misspelt one resembles.

/// The known word nearest to what was typed, when it is near enough to be what was meant. One that differs
/// in case, blanks and hyphens only is nearest.
#[must_use]
pub fn most_similar<'w>(typed: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    similar_by(0.8, typed, known)
}

/// The same of words that resemble each other: `least`, from 0 to 1, is how near is near enough.
#[must_use]
pub fn similar_by<'w>(
    least: f64,
    typed: &str,
    known: impl IntoIterator<Item = &'w str>,
) -> Option<&'w str> {
    let typed = folded(typed);
    known
        .into_iter()
        .map(|word| (similarity(&typed, &folded(word)), word))
        .filter(|(similarity, _)| *similarity > least)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, word)| word)
}

/// From 0 to 1, and 2 for the same word.
fn similarity(typed: &str, word: &str) -> f64 {
    if typed == word {
        2.0
    } else {
        strsim::jaro_winkler(typed, word)
    }
}

/// A word without what people vary: case, and which of blank, hyphen and underscore stands between its parts.
fn folded(word: &str) -> String {
    word.trim().to_lowercase().replace([' ', '_'], "-")
}
