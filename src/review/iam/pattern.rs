//! Patterns of IAM.

/// Whether a text matches a pattern of IAM, in which `*` is anything and `?` one character.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some('?') => {
                p += 1;
                t += 1;
            }
            Some(letter) if *letter == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|letter| *letter == '*')
}

/// Whether a pattern matches everything.
#[must_use]
pub fn is_everything(pattern: &str) -> bool {
    pattern.contains('*') && pattern.bytes().all(|letter| matches!(letter, b'*' | b'?'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_iam() {
        assert!(matches("s3:Get*", "s3:GetObject"));
        assert!(matches("*", "anything"));
        assert!(matches("a?c*", "abcd"));
        assert!(!matches("s3:Get", "s3:GetObject"));
        assert!(!matches("s3:*Object", "s3:ObjectGet"));
    }

    #[test]
    fn everything_is_written_in_many_ways() {
        for pattern in ["*", "**", "?*", "*?"] {
            assert!(is_everything(pattern), "{pattern}");
        }
        for pattern in ["", "?", "a*", "*a"] {
            assert!(!is_everything(pattern), "{pattern}");
        }
    }
}
