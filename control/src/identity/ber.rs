//! How deep BER is nested, so that a hostile document cannot exhaust the stack of the parser.

/// A signed document of AWS has 12 levels.
const MAX_DEPTH: usize = 24;

/// Whether the whole text is one element that is nested no deeper than [`MAX_DEPTH`].
#[must_use]
pub fn is_shallow(bytes: &[u8]) -> bool {
    // Where each open element ends; `None` for one of indefinite length, which two zero bytes end.
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut at = 0;
    loop {
        while open.last() == Some(&Some(at)) {
            open.pop();
        }
        if at == bytes.len() || (at > 0 && open.is_empty()) {
            return at > 0 && at == bytes.len() && open.is_empty();
        }
        let Some(element) = Header::read(&bytes[at..]) else {
            return false;
        };
        let body = at + element.bytes;
        if element.is_end_of_contents() {
            if open.pop() != Some(None) {
                return false;
            }
            at = body;
            continue;
        }
        let end = match element.length {
            None if !element.constructed => return false,
            None => None,
            Some(length) => match body.checked_add(length) {
                Some(end)
                    if end
                        <= open
                            .iter()
                            .rev()
                            .flatten()
                            .next()
                            .copied()
                            .unwrap_or(bytes.len()) =>
                {
                    Some(end)
                }
                _ => return false,
            },
        };
        if element.constructed {
            open.push(end);
            if open.len() > MAX_DEPTH {
                return false;
            }
            at = body;
        } else {
            at = end.unwrap_or(body);
        }
    }
}

struct Header {
    tag: u8,
    constructed: bool,
    /// `None`: indefinite.
    length: Option<usize>,
    /// Of tag and length together.
    bytes: usize,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let tag = *bytes.first()?;
        // Tags of several bytes do not occur in what is signed.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let first = *bytes.get(1)?;
        let (length, size) = match first {
            0x80 => (None, 2),
            0..=0x7f => (Some(usize::from(first)), 2),
            _ => {
                let count = usize::from(first & 0x7f);
                let digits = bytes.get(2..2 + count).filter(|digits| digits.len() <= 4)?;
                let length = digits
                    .iter()
                    .fold(0, |sum, digit| sum * 256 + usize::from(*digit));
                (Some(length), 2 + count)
            }
        };
        Some(Self {
            tag,
            constructed: tag & 0x20 != 0,
            length,
            bytes: size,
        })
    }

    fn is_end_of_contents(&self) -> bool {
        self.tag == 0 && self.length == Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_in_both_forms_of_length() {
        assert!(is_shallow(&[0x30, 0x80, 0x04, 0x01, 0x07, 0, 0]));
        assert!(is_shallow(&[0x30, 0x03, 0x04, 0x01, 0x07]));
        // An element without content is not the end of another one.
        assert!(is_shallow(&[0x30, 0x80, 0x05, 0, 0, 0]));
        let nested = |levels: usize| {
            let mut bytes = [0x30, 0x80].repeat(levels);
            bytes.extend([0, 0].repeat(levels));
            bytes
        };
        assert!(is_shallow(&nested(MAX_DEPTH)));
        assert!(!is_shallow(&nested(MAX_DEPTH + 1)));
        assert!(!is_shallow(&nested(6000)));
    }

    #[test]
    fn lengths_of_several_digits_are_read() {
        let with_length = |digits: &[u8], length: usize| {
            let head = [0x04, 0x80 | digits.len() as u8];
            [&head[..], digits, &vec![7; length]].concat()
        };
        for (digits, length) in [
            (&[1][..], 1),
            (&[0x80], 128),
            (&[1, 0], 256),
            (&[1, 1], 257),
            (&[0, 0, 2, 3], 515),
        ] {
            assert!(is_shallow(&with_length(digits, length)), "{digits:?}");
            assert!(!is_shallow(&with_length(digits, length + 1)), "{digits:?}");
            assert!(!is_shallow(&with_length(digits, length - 1)), "{digits:?}");
        }
        // More than four digits do not occur in what is signed.
        assert!(!is_shallow(&with_length(&[0, 0, 0, 0, 1], 1)));
    }

    #[test]
    fn what_is_cut_off_or_has_something_behind_is_refused() {
        for bytes in [
            &[][..],
            &[0x30, 0x80],
            &[0x05, 0, 0x05, 0],
            &[0x30, 0x04, 0x04, 0x01, 0x07],
            &[0x30, 0x03, 0x04, 0x05, 0x07],
            &[0x04, 0x80, 0, 0],
            &[0x30, 0x80, 0x04, 0x80, 0, 0],
            &[0, 0],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(!is_shallow(bytes), "{bytes:?}");
        }
    }
}
